-- Writes into claimed entries what must be known before they are sent: that they may have been.
--
-- KEYS  1 the queue  2 outbox:body
-- ARGV  1 end of the claim (ms), then pairs: id, body as it is from now on
-- returns the ids that are marked; the claim of the others is lost
-- example  EVALSHA … 2 rt:{s07}:outbox:due:demo:ga rt:{s07}:outbox:body 1767323115000 "c1.qualified.ga" '{"id":…}'
--          →  {"c1.qualified.ga"}

local marked = {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  local score = redis.call('ZSCORE', KEYS[1], id)
  if score and tonumber(score) == tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[2], id, ARGV[i + 1])
    marked[#marked + 1] = id
  end
end
return marked
