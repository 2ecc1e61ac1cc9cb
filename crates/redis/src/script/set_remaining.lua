-- Sets what remains of a quota in this period.
-- KEYS: the quota. ARGV: limit, kind, what remains.
local quota, remaining = read(KEYS[1], tonumber(ARGV[2]), 0, today), tonumber(ARGV[3])
quota.used = tonumber(ARGV[1]) - remaining
write(quota, remaining)
return {}
