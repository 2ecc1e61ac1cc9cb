-- Adds requests that nodes granted by themselves to their quotas and days.
-- KEYS: the quotas, one for each count. ARGV: of each limit, offset, kind, the day of the count and the count.
for i, key in ipairs(KEYS) do
  local at = 5 * i - 4
  local limit, offset, kind = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local day, count = min(tonumber(ARGV[at + 3]), today), tonumber(ARGV[at + 4])
  local kind_of_key = call('TYPE', key).ok
  -- A key of somebody else must not keep the others from being settled.
  if day > today - kept_days and (kind_of_key == 'hash' or kind_of_key == 'none') then
    local quota = read(key, kind, offset, day)
    local first = window(kind, day)
    quota.today = quota.today + count
    local left = limit - count
    if quota.first == first then
      quota.used = quota.used + count
      left = limit - quota.used
    end
    if day < today and quota.left then
      left = quota.left - count
    end
    write(quota, left)
  end
end
return {}
