-- Writes a stream anew: Redis keeps the bytes of deleted entries until all entries around them are gone, too. What a
-- group had in its hands is delivered again.
--
-- KEYS  1 the STREAM
-- ARGV  1 most entries that are worth the time it takes
-- returns 1, or 0 when there are more
-- example  EVALSHA … 1 rt:{s07}:ledger 20000  →  1

if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
if redis.call('XLEN', KEYS[1]) > tonumber(ARGV[1]) then return 0 end

local function field(info, name)
  for i = 1, #info, 2 do
    if info[i] == name then return info[i + 1] end
  end
end

-- The id just before this one.
local function before(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if tonumber(seq) > 0 then return ms .. '-' .. string.format('%.0f', tonumber(seq) - 1) end
  return string.format('%.0f', tonumber(ms) - 1) .. '-18446744073709551615'
end

local last = field(redis.call('XINFO', 'STREAM', KEYS[1]), 'last-generated-id')
local groups = {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local name, from = field(info, 'name'), field(info, 'last-delivered-id')
  local pending = redis.call('XPENDING', KEYS[1], name)
  if pending[1] > 0 then from = before(pending[2]) end
  groups[#groups + 1] = { name, from }
end
local entries = redis.call('XRANGE', KEYS[1], '-', '+')

redis.call('DEL', KEYS[1])
for _, entry in ipairs(entries) do
  redis.call('XADD', KEYS[1], entry[1], unpack(entry[2]))
end
for _, group in ipairs(groups) do
  redis.call('XGROUP', 'CREATE', KEYS[1], group[1], group[2], 'MKSTREAM')
end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('XSETID', KEYS[1], last) end
return 1
