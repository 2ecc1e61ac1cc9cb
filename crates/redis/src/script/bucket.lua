-- A bucket is the moment at which it is full, in nanoseconds: more digits than a double has, so that seconds and the last
-- nine digits are read apart. Without a key it is full.

-- The nanoseconds until the bucket is full: never emptier than empty, whatever the rate was and wherever the time leapt.
-- Says too whether what is written is emptier than that, by more than a second.
local function lacks(key, capacity)
  local full = call('GET', key)
  if not full then
    return 0, false
  end
  local lack = (full:sub(1, -10) - seconds) * 1000000000 + full:sub(-9) - micros * 1000
  return max(0, min(lack, capacity)), lack > capacity + 1000000000
end

-- Expires when the bucket is full; after thirty years at the latest, which every server can add to its time.
local function keep(key, lack)
  local from = micros * 1000 + lack
  local nanos = math.fmod(from, 1000000000)
  local full = format('%.0f%09.0f', seconds + (from - nanos) / 1000000000, nanos)
  call('SET', key, full, 'PX', min(math.ceil(lack / 1000000), 1000000000000))
end
