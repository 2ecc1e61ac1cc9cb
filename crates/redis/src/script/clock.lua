-- What all scripts begin with. Plain Lua 5.1: Redis from version 5, and Valkey.
-- Numbers are doubles, exact up to 2^53: the time is kept in seconds and microseconds, what a bucket lacks in nanoseconds.
local call, floor, max, min, format = redis.call, math.floor, math.max, math.min, string.format
local time = redis.call('TIME')
local seconds, micros = tonumber(time[1]), tonumber(time[2])
local now = seconds * 1000000 + micros
