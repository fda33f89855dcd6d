-- Puts postbacks into one queue of the outbox, each id once in its life.
--
-- KEYS  1 the queue  2 outbox:queues  3 outbox:body  4 outbox:done  5 outbox:dead
-- ARGV  triples: id, due at (ms), body
-- returns the number that were new
-- example  EVALSHA … 5 rt:{s07}:outbox:due:demo:crm … "c1.qualified.crm" 1767323045000 '{"id":…}'  →  1

local queued = 0
for i = 1, #ARGV, 3 do
  local id = ARGV[i]
  local known = redis.call('HEXISTS', KEYS[3], id) == 1
    or redis.call('ZSCORE', KEYS[4], id)
    or redis.call('ZSCORE', KEYS[5], id)
  if not known then
    redis.call('HSET', KEYS[3], id, ARGV[i + 2])
    redis.call('ZADD', KEYS[1], ARGV[i + 1], id)
    redis.call('ZADD', KEYS[2], 'LT', ARGV[i + 1], KEYS[1])
    queued = queued + 1
  end
end
return queued
