-- Adds numbers to a pool, drains some, or forgets them. A number that a session holds keeps its lease:
-- added again it is simply held, drained it does not become free afterwards.
--
-- KEYS   free, held, share, draining, areas, live, pinned
-- ARGV   now ("" = TIME), prefix of area sets, add | drain | forget, the numbers; to add, behind each
--        the labels of its areas ("" = the pool matches none)
-- Returns how many were not so before
-- Example  EVALSHA … 7 rt:{s01}:pool:a:main:free … "" rt:{s01}:pool:a:main:free: add +14155550199
--          "+1415 US-CA US"  →  1

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local done, verb = 0, ARGV[3]

-- Keeps the sets of a number's areas in step with what the configuration says of it now.
local function settle_in(number, areas)
  local known = redis.call('HGET', KEYS[5], number) or ''
  if known ~= areas then
    for area in string.gmatch(known, '%S+') do redis.call('ZREM', ARGV[2] .. area, number) end
    if areas == '' then
      redis.call('HDEL', KEYS[5], number)
    else
      redis.call('HSET', KEYS[5], number, areas)
    end
  end
  local released = areas ~= '' and redis.call('ZSCORE', KEYS[1], number)
  if released then
    for area in string.gmatch(areas, '%S+') do
      redis.call('ZADD', ARGV[2] .. area, released, number)
    end
  end
end

local function add(number)
  local since = redis.call('HGET', KEYS[4], number)
  local held = redis.call('ZSCORE', KEYS[2], number)
  if not held and not redis.call('ZSCORE', KEYS[1], number) then
    -- When a draining number rested last is not known exactly: since it was drained at most.
    redis.call('ZADD', KEYS[1], since or 0, number)
    done = done + 1
  end
  if since then redis.call('HDEL', KEYS[4], number) end
end

local function drain(number)
  if redis.call('HSETNX', KEYS[4], number, now) == 0 then return end
  redis.call('ZREM', KEYS[1], number)
  redis.call('ZREM', KEYS[3], number)
  settle_in(number, '')
  done = done + 1
end

local function forget(number)
  settle_in(number, '')
  for _, set in ipairs({ KEYS[1], KEYS[2], KEYS[3], KEYS[7] }) do redis.call('ZREM', set, number) end
  redis.call('HDEL', KEYS[6], number)
  done = done + redis.call('HDEL', KEYS[4], number)
end

if verb == 'add' then
  for i = 4, #ARGV, 2 do
    add(ARGV[i])
    settle_in(ARGV[i], ARGV[i + 1])
  end
else
  local change = verb == 'drain' and drain or forget
  for i = 4, #ARGV do change(ARGV[i]) end
end
return done
