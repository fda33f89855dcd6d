-- Claims what is due in one queue: its score moves to the end of the claim, and nothing is taken out. Of a worker
-- that dies, the entries come due again by themselves.
--
-- KEYS  1 the queue (outbox:due or outbox:due:<site>:<destination>)  2 outbox:queues  3 outbox:body
-- ARGV  1 now (ms; "" = TIME)  2 length of the claim (ms)  3 most entries
-- returns {now, earliest score in the queue now or -1, id 1, body 1, id 2, body 2, …}; the claim of all
--         of them ends at now + length, which is also the token that settle.lua asks for
-- example  EVALSHA … 3 rt:{s07}:outbox:due:demo:crm rt:{s07}:outbox:queues rt:{s07}:outbox:body "" 70000 32
--          →  {1767323045000, 1767323115000, "c1.qualified.crm", '{"id":…}'}

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local until_ms = now + tonumber(ARGV[2])

local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])
local reply = { now, -1 }
if #due > 0 then
  local bodies = redis.call('HMGET', KEYS[3], unpack(due))
  for i, id in ipairs(due) do
    if bodies[i] then
      redis.call('ZADD', KEYS[1], until_ms, id)
      reply[#reply + 1] = id
      reply[#reply + 1] = bodies[i]
    else
      -- An id without a body can never be delivered, and would be claimed for ever.
      redis.call('ZREM', KEYS[1], id)
    end
  end
end

local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[2], first[2], KEYS[1])
  reply[2] = math.floor(tonumber(first[2]))
else
  redis.call('ZREM', KEYS[2], KEYS[1])
end
return reply
