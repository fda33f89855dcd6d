-- Tells which queues of one shard have something that is due, and when the next one has. Takes nothing.
--
-- What older versions queued stands in outbox:due alone, so that queue is entered into the list at every look.
--
-- KEYS  1 outbox:queues  2 outbox:due (the queue of those that wait for no destination)
-- ARGV  1 now (ms; "" = TIME)
-- returns {now, queue 1, its earliest score, queue 2, its earliest score, …}: all whose earliest is not after now,
--         and the next one
-- example  EVALSHA … 2 rt:{s07}:outbox:queues rt:{s07}:outbox:due ""
--          →  {1767323045000, "rt:{s07}:outbox:due:demo:crm", "1767323044120"}

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[1], first[2], KEYS[2])
end

local reply = { now }
for _, word in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES')) do
  reply[#reply + 1] = word
end
local after = '(' .. string.format('%.0f', now)
for _, word in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)) do
  reply[#reply + 1] = word
end
return reply
