-- Ends a claim: the entry moves to the delivery log, to the dead set, or back into the queue.
-- Nothing happens unless the entry still carries the score that this claim gave it: whoever settled or
-- claimed it meanwhile has moved the score (a later claim always ends later), so a worker that was
-- away too long changes nothing.
--
-- KEYS  1 outbox:due  2 outbox:body  3 outbox:done  4 outbox:done:body  5 outbox:dead  6 outbox:dead:body
--       7 ledger
-- ARGV  1 id  2 end of the claim (ms)  3 "done", "dead" or "later"  4 settled at, or due again at (ms)
--       5 body as it is from now on  6 field and  7 value of the ledger entry ("" = none)
-- returns "settled" or "lost"
-- example  EVALSHA … 7 … "c1.qualified.crm" 1767323115000 done 1767323045120 '{"id":…}' e '{"v":1,…}'
--          →  "settled"

local id = ARGV[1]
local score = redis.call('ZSCORE', KEYS[1], id)
if not score or tonumber(score) ~= tonumber(ARGV[2]) then
  return 'lost'
end

if ARGV[7] ~= '' then
  redis.call('XADD', KEYS[7], '*', ARGV[6], ARGV[7])
end
if ARGV[3] == 'later' then
  redis.call('ZADD', KEYS[1], ARGV[4], id)
  redis.call('HSET', KEYS[2], id, ARGV[5])
  return 'settled'
end

local set, bodies = KEYS[3], KEYS[4]
if ARGV[3] == 'dead' then
  set, bodies = KEYS[5], KEYS[6]
end
redis.call('ZADD', set, ARGV[4], id)
redis.call('HSET', bodies, id, ARGV[5])
redis.call('ZREM', KEYS[1], id)
redis.call('HDEL', KEYS[2], id)
return 'settled'
