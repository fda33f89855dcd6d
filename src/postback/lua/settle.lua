-- Ends a claim: the entry moves to the delivery log, to the dead set, or back into its queue.
-- Nothing happens unless the entry still carries the score that this claim gave it: whoever settled or
-- claimed it meanwhile has moved the score (a later claim always ends later), so a worker that was
-- away too long changes nothing.
--
-- KEYS  1 its queue  2 outbox:queues  3 outbox:body  4 outbox:done  5 outbox:done:body  6 outbox:dead
--       7 outbox:dead:body  8 ledger
-- ARGV  1 id  2 end of the claim (ms)  3 "done", "dead" or "later"  4 settled at, or due again at (ms)
--       5 body as it is from now on  6 field and  7 value of the ledger entry ("" = none)
-- returns "settled" or "lost"
-- example  EVALSHA … 8 … "c1.qualified.crm" 1767323115000 done 1767323045120 '{"id":…}' e '{"v":1,…}'
--          →  "settled"

local id = ARGV[1]
local score = redis.call('ZSCORE', KEYS[1], id)
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 'lost'
end

if ARGV[7] ~= '' then
  redis.call('XADD', KEYS[8], '*', ARGV[6], ARGV[7])
end
if ARGV[3] == 'later' then
  redis.call('ZADD', KEYS[1], ARGV[4], id)
  redis.call('HSET', KEYS[3], id, ARGV[5])
else
  local set, bodies = KEYS[4], KEYS[5]
  if ARGV[3] == 'dead' then
    set, bodies = KEYS[6], KEYS[7]
  end
  redis.call('ZADD', set, ARGV[4], id)
  redis.call('HSET', bodies, id, ARGV[5])
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[3], id)
end

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[2], first[2], KEYS[1])
else
  redis.call('ZREM', KEYS[2], KEYS[1])
end
return 'settled'
