-- Adds numbers to a pool and drains others. A number that a session holds keeps its lease: added
-- again it is simply held, drained it does not become free afterwards.
--
-- KEYS   free, held, share, draining
-- ARGV   now ("" = TIME), how many to add, the numbers to add, the numbers to drain
-- Returns {added, drained}: those that were not so before
-- Example  EVALSHA … 4 rt:{s01}:pool:a:main:free … "" 1 +14155550199 +14155550100  →  {1, 1}

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local added, drained, add = 0, 0, tonumber(ARGV[2])
for i = 3, #ARGV do
  local number = ARGV[i]
  local since = redis.call('HGET', KEYS[4], number)
  if i < 3 + add then
    local held = redis.call('ZSCORE', KEYS[2], number)
    if not held and not redis.call('ZSCORE', KEYS[1], number) then
      -- When a draining number rested last is not known exactly: since it was drained at most.
      redis.call('ZADD', KEYS[1], since or 0, number)
      added = added + 1
    end
    if since then redis.call('HDEL', KEYS[4], number) end
  elseif not since then
    redis.call('HSET', KEYS[4], number, now)
    redis.call('ZREM', KEYS[1], number)
    redis.call('ZREM', KEYS[3], number)
    drained = drained + 1
  end
end
return { added, drained }
