-- Grants at least one of every limit and at most what is wanted, or nothing of any.
-- KEYS: the buckets in the order in which they refuse, then the quota if there is one.
-- ARGV: 1 if there is a quota, else 0; of each bucket interval and capacity in nanoseconds (interval -1: nothing ever gets
-- through) and what is wanted; of the quota limit, offset, kind, what is wanted and the part of what remains, as its divisor,
-- that may be lent.
-- Answers {number of the limit that refused or 0, now in microseconds, ...}: refused, the microseconds until a request may
-- be granted or -1; granted, of each bucket how many, then of the quota how many, the microseconds to the end of its period,
-- the period's first day and the day.
local quotas = tonumber(ARGV[1])
local buckets = #KEYS - quotas
local answer, lack = { 0, now }, {}
for i = 1, buckets do
  local interval, capacity, wanted = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  if interval < 0 then
    return { i, now, -1 }
  end
  local beneath
  lack[i], beneath = lacks(KEYS[i], capacity)
  local granted = min(wanted, floor((capacity - lack[i]) / interval))
  if granted < 1 then
    if beneath then
      -- A refusal writes nothing but this: without it a slower rate, or a clock that went back, would refuse for long.
      keep(KEYS[i], capacity)
    end
    return { i, now, math.ceil((lack[i] + interval - capacity) / 1000) }
  end
  lack[i] = lack[i] + granted * interval
  answer[i + 2] = granted
end
if quotas == 1 then
  local at = 3 * buckets + 2
  local limit, offset, kind = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local wanted, divisor = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  local quota = read(KEYS[buckets + 1], kind, offset, today)
  local remaining, rest = limit - quota.used, quota.after * 86400000000 - now
  if remaining < 1 then
    return { buckets + 1, now, rest }
  end
  local granted = min(wanted, max(1, floor(remaining / divisor)))
  quota.used, quota.today = quota.used + granted, quota.today + granted
  write(quota, limit - quota.used)
  answer[buckets + 3], answer[buckets + 4] = granted, rest
  answer[buckets + 5], answer[buckets + 6] = quota.first, today
end
for i = 1, buckets do
  keep(KEYS[i], lack[i])
end
return answer
