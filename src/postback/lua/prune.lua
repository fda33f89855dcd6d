-- Forgets the oldest entries of the delivery log or of the dead set: those past their age, and those beyond
-- the number that is kept. A bounded step; call it again while it returns ARGV 4.
--
-- KEYS  1 the set (outbox:done or outbox:dead)  2 its bodies
-- ARGV  1 now (ms; "" = TIME)  2 age that is kept (ms)  3 number that is kept  4 most to forget at once
-- returns how many were forgotten
-- example  EVALSHA … 2 rt:{s07}:outbox:done rt:{s07}:outbox:done:body "" 2592000000 20000 500  →  12

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local most = tonumber(ARGV[4])

local old = redis.call('ZCOUNT', KEYS[1], '-inf', now - tonumber(ARGV[2]))
local excess = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
local forgotten = math.min(math.max(old, excess), most)
if forgotten < 1 then
  return 0
end
local ids = redis.call('ZRANGE', KEYS[1], 0, forgotten - 1)
redis.call('ZREM', KEYS[1], unpack(ids))
redis.call('HDEL', KEYS[2], unpack(ids))
return #ids
