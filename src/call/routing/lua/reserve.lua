-- Takes the first dial that has room: a place among the calls of the day and among those at a time of
-- each destination that rings, and the next turn of a round robin.
--
-- The same call may ask again: its places are its own already. A place among calls at a time that is
-- never given back ends by itself.
--
-- KEYS  1…n: keys that ARGV[1] names by their index
--         day    SET   call ids that rang this destination on this date
--         slots  ZSET  call id -> until (ms) of calls that occupy this destination
--         turn   STR   place that comes next in a round robin
-- ARGV  1 JSON {"call": id, "now": ms or 0 = TIME, "hold": ms a slot lives, "day_s": seconds a day's set lives,
--           "targets": [{"day": key index or 0, "per_day": most, "slots": key index or 0, "at_a_time": most}, …],
--           "dials": [{"turn": key index or 0, "count": destinations, "lead": rounds before the turn,
--                      "rounds": [[{"place": place, "target": index into targets, from 1}, …], …]}, …]}
-- Returns {dial, turn or -1, round, place, place, …}, all from 0, or {} when nobody has room
-- Example: EVALSHA … 2 rt:{s07}:slots:demo:+14155550111 rt:{s07}:turn:demo:sales '{…}' -> {0, 2, 0, 2}

local ask = cjson.decode(ARGV[1])
local now = ask.now
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function has_room(target)
  if target.day > 0 then
    local key = KEYS[target.day]
    if redis.call('SISMEMBER', key, ask.call) == 0 and redis.call('SCARD', key) >= target.per_day then
      return false
    end
  end
  if target.slots > 0 then
    local key = KEYS[target.slots]
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    if not redis.call('ZSCORE', key, ask.call) and redis.call('ZCARD', key) >= target.at_a_time then
      return false
    end
  end
  return true
end

local function take(target)
  if target.day > 0 then
    redis.call('SADD', KEYS[target.day], ask.call)
    redis.call('EXPIRE', KEYS[target.day], ask.day_s)
  end
  if target.slots > 0 then
    redis.call('ZADD', KEYS[target.slots], now + ask.hold, ask.call)
    redis.call('PEXPIRE', KEYS[target.slots], ask.hold)
  end
end

local function ring(dial, turn, round, who)
  local answer = {dial - 1, turn, round - 1}
  for _, one in ipairs(who) do
    take(ask.targets[one.target])
    answer[#answer + 1] = one.place
  end
  return answer
end

local function with_room(round)
  local who = {}
  for _, one in ipairs(round) do
    if has_room(ask.targets[one.target]) then who[#who + 1] = one end
  end
  return who
end

for d, dial in ipairs(ask.dials) do
  local plain = dial.turn > 0 and dial.lead or #dial.rounds
  for r = 1, plain do
    local who = with_room(dial.rounds[r])
    if #who > 0 then return ring(d, -1, r, who) end
  end
  if dial.turn > 0 then
    local by_place = {}
    for r = plain + 1, #dial.rounds do
      local one = dial.rounds[r][1]
      by_place[one.place] = one
    end
    local first = tonumber(redis.call('GET', KEYS[dial.turn]) or '0') or 0
    for step = 0, dial.count - 1 do
      local place = (first + step) % dial.count
      local one = by_place[place]
      if one and has_room(ask.targets[one.target]) then
        redis.call('SET', KEYS[dial.turn], (place + 1) % dial.count)
        return ring(d, place, plain + 1, {one})
      end
    end
  end
end
return {}
