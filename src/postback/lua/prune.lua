-- Forgets the oldest entries of the delivery log or of the dead set. The bodies go first: those past their
-- age, and those beyond the number that is kept. The ids stay for as long as a call can change, as an id that
-- is forgotten could be queued again. A bounded step; call it again while it returns ARGV 5.
--
-- KEYS  1 the set (outbox:done or outbox:dead)  2 its bodies
-- ARGV  1 now (ms; "" = TIME)  2 age to which bodies are kept (ms)  3 number of bodies that is kept
--       4 age to which ids are kept (ms), not less than that of bodies  5 most to forget at once
-- returns how many bodies or ids were forgotten, whichever were more
-- example  EVALSHA … 2 rt:{s07}:outbox:done rt:{s07}:outbox:done:body "" 864000000 20000 2592000000 500  →  12

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local most = tonumber(ARGV[5])

-- Bodies are forgotten oldest first: the ids without one are the oldest.
local bodies = redis.call('HLEN', KEYS[2])
local bare = redis.call('ZCARD', KEYS[1]) - bodies
local old = redis.call('ZCOUNT', KEYS[1], '-inf', now - tonumber(ARGV[2])) - bare
local excess = math.min(math.max(old, bodies - tonumber(ARGV[3])), most)
local forgotten_bodies = 0
if excess > 0 then
  local ids = redis.call('ZRANGE', KEYS[1], bare, bare + excess - 1)
  if #ids > 0 then
    forgotten_bodies = redis.call('HDEL', KEYS[2], unpack(ids))
  end
end

local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[4]), 'LIMIT', 0, most)
if #ids > 0 then
  redis.call('ZREM', KEYS[1], unpack(ids))
  redis.call('HDEL', KEYS[2], unpack(ids))
end
return math.max(forgotten_bodies, #ids)
