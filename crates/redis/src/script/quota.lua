-- A quota is a hash: w the first day of the period, n what of it is used (below zero once it was extended), and for each
-- day, as d20421, 'used left'. Kinds of period: 0 a day, 1 to 7 a week that begins on Sunday to Saturday, 8 a month.
local kept_days = 92
local today = floor(seconds / 86400)

-- The day of the month of a day since 1 January 1970, counted in years that begin in March.
local function day_of_month(day)
  local of_era = (day + 719468) % 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * of_year + 2) / 153)
  return of_year - floor((153 * month + 2) / 5) + 1
end

-- The first day of a period, and the first day after it.
local function window(kind, day)
  if kind == 0 then
    return day, day + 1
  elseif kind <= 7 then
    -- Day 0 was a Thursday.
    local first = day - (day + 5 - kind) % 7
    return first, first + 7
  end
  local first = day - day_of_month(day) + 1
  -- 31 days on is always in the next month.
  local later = first + 31
  return first, later - day_of_month(later) + 1
end

-- Reads a quota as it is on a day. The offset counts where there is no record: in the first period. No period begins a second
-- time: if the time went back over a boundary, or the period became longer, what was counted goes on.
local function read(key, kind, offset, day)
  local record = call('HMGET', key, 'w', 'n', 'd' .. day)
  local first, after = window(kind, day)
  local quota = { key = key, first = first, after = after, used = 0, day = day, today = 0, goes_on = false }
  local stored = tonumber(record[1])
  if not stored then
    quota.used = offset
  elseif stored >= first then
    quota.used, quota.goes_on = tonumber(record[2]), true
    quota.first, quota.after = window(kind, stored)
  end
  if record[3] then
    local used, left = string.match(record[3], '^(%d+) (%d+)$')
    quota.today, quota.left = tonumber(used), tonumber(left)
  end
  return quota
end

local function forget_old_days(quota)
  for _, field in ipairs(call('HKEYS', quota.key)) do
    local day = tonumber(string.match(field, '^d(%d+)$'))
    if day and day <= quota.day - kept_days then
      call('HDEL', quota.key, field)
    end
  end
end

-- Writes a quota back, and what is left of it at the end of its day. The record outlives the last day of its use by as many
-- days as are kept.
local function write(quota, left)
  call('HSET', quota.key, 'w', quota.first, 'n', quota.used)
  if quota.today > 0 then
    call('HSET', quota.key, 'd' .. quota.day, format('%.0f %.0f', quota.today, max(0, left)))
  end
  if not quota.left then
    forget_old_days(quota)
    call('EXPIRE', quota.key, kept_days * 86400)
  end
end
