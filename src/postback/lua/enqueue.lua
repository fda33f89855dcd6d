-- Puts postbacks into the outbox of one shard, each id once in its life.
--
-- KEYS  1 outbox:due  2 outbox:body  3 outbox:done  4 outbox:dead
-- ARGV  triples: id, due at (ms), body
-- returns the number that were new
-- example  EVALSHA … 4 rt:{s07}:outbox:due … "c1.qualified.crm" 1767323045000 '{"id":…}'  →  1

local queued = 0
for i = 1, #ARGV, 3 do
  local id = ARGV[i]
  local known = redis.call('HEXISTS', KEYS[2], id) == 1
    or redis.call('ZSCORE', KEYS[3], id)
    or redis.call('ZSCORE', KEYS[4], id)
  if not known then
    redis.call('HSET', KEYS[2], id, ARGV[i + 2])
    redis.call('ZADD', KEYS[1], ARGV[i + 1], id)
    queued = queued + 1
  end
end
return queued
