-- Moves a settled or dead entry back into its queue, if it is still what the asker read.
--
-- KEYS  1 the queue  2 outbox:queues  3 outbox:body  4 the set it is in (outbox:done or outbox:dead)
--       5 its bodies there
-- ARGV  1 id  2 body as it was read  3 body to queue  4 due at (ms)
-- returns "replayed", or "changed" when somebody else moved it meanwhile
-- example  EVALSHA … 5 … "c1.qualified.crm" '{"id":…}' '{"id":…}' 1767323045000  →  "replayed"

local id = ARGV[1]
if redis.call('HGET', KEYS[5], id) ~= ARGV[2] then
  return 'changed'
end
redis.call('HSET', KEYS[3], id, ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[4], id)
redis.call('ZADD', KEYS[2], 'LT', ARGV[4], KEYS[1])
redis.call('ZREM', KEYS[4], id)
redis.call('HDEL', KEYS[5], id)
return 'replayed'
