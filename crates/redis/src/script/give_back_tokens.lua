-- Puts tokens that were lent and not spent back into a bucket.
-- KEYS: the bucket. ARGV: interval and capacity in nanoseconds, how many.
local lack = lacks(KEYS[1], tonumber(ARGV[2]))
lack = lack - ARGV[3] * ARGV[1]
if lack > 0 then
  keep(KEYS[1], lack)
else
  call('DEL', KEYS[1])
end
return {}
