-- Moves claimed entries into another queue, where they are due at once.
--
-- KEYS  1 the queue they were claimed from  2 the queue they belong into  3 outbox:queues
-- ARGV  1 end of the claim (ms)  2 due at (ms)  3… ids
-- returns how many were moved; the claim of the others is lost
-- example  EVALSHA … 3 rt:{s07}:outbox:due rt:{s07}:outbox:due:demo:crm rt:{s07}:outbox:queues
--          1767323115000 1767323045000 "c1.qualified.crm"  →  1

local moved = 0
for i = 3, #ARGV do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('ZADD', KEYS[2], ARGV[2], ARGV[i])
    moved = moved + 1
  end
end
if moved > 0 then
  redis.call('ZADD', KEYS[3], 'LT', ARGV[2], KEYS[2])
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[3], first[2], KEYS[1])
else
  redis.call('ZREM', KEYS[3], KEYS[1])
end
return moved
