-- Takes requests that were lent and not spent off a quota, if its period is still the one they were lent in.
-- KEYS: the quota. ARGV: kind, first day of the period, the day, how many.
local kind, first, day, unspent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local quota = read(KEYS[1], kind, 0, day)
if quota.goes_on and quota.first == first and quota.left then
  quota.used, quota.today = quota.used - unspent, max(0, quota.today - unspent)
  if quota.today == 0 then
    call('HDEL', KEYS[1], 'd' .. day)
  end
  write(quota, quota.left + unspent)
end
return {}
