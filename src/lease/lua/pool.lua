-- What acquire.lua and sweep.lua share; it stands before them. They set, before they call it:
--
--   key    names: free, held, live, share, pinned, draining; areas where the pool matches areas
--   rule   now, now_text (the same as text), lease_prefix, holders_prefix, pool; area_prefix where it
--          matches areas
--
--   free     ZSET number → released at; never used = 0
--   held     ZSET number → the earliest end of its leases as known when last looked at
--   live     HASH number → "<last sign of those who are gone> <session> …", once it was shared
--   share    ZSET shared numbers that are not pinned → holders × 10^13 + newest sign of life known
--   pinned   ZSET number → pinned until
--   draining HASH number → since; they take no new lease
--   areas    HASH number → the labels of its areas, narrowest first
--   <area_prefix><label> ZSET as free, of the numbers of one area: an index that may lag behind,
--            since a process with another configuration does not mind areas; free is the truth

local key, rule = {}, {}

local function parse(value)
  if not value then return nil end
  local number, tier, since, seen, ends, done, pages =
    string.match(value, '^(%S+) (%l+) (%d+) (%d+) (%d+) ([%d/]+%S*)(.*)$')
  return {
    number = number, tier = tier, since = since, seen = tonumber(seen), ends = tonumber(ends),
    done = done, pages = pages, pooled = tier ~= 'source' and tier ~= 'original',
  }
end

local function text(ms) return string.format('%d', ms) end

local function packed(lease)
  return lease.number .. ' ' .. lease.tier .. ' ' .. lease.since .. ' ' .. text(lease.seen) .. ' '
    .. text(lease.ends) .. ' ' .. lease.done .. lease.pages
end

-- The entry in `holders` as it was pushed, and as it stays once the lease is over.
local function entry(session, since, tier)
  return session .. ' ' .. since .. ' ' .. since .. ' ' .. tier .. ' 0 0 ' .. rule.pool
end
local function final_entry(session, lease)
  return session .. ' ' .. lease.since .. ' ' .. text(lease.seen) .. ' ' .. lease.tier .. ' '
    .. lease.done .. ' ' .. text(lease.ends) .. ' ' .. rule.pool
end

-- Sharing rewrites the tier of a running lease, never its entry: that one is still as pushed.
local function correct_entry(session, lease)
  local list = rule.holders_prefix .. lease.number
  for _, tier in ipairs({ lease.tier, 'own', 'unrested' }) do
    local at = redis.call('LPOS', list, entry(session, lease.since, tier))
    if at then
      redis.call('LSET', list, at, final_entry(session, lease))
      return
    end
  end
end

local function is_pinned(number)
  local pinned = redis.call('ZSCORE', key.pinned, number)
  return pinned and tonumber(pinned) > rule.now
end

local function is_draining(number)
  return redis.call('HEXISTS', key.draining, number) == 1
end

local function rank(number, holders, seen)
  if not is_pinned(number) and not is_draining(number) then
    redis.call('ZADD', key.share, holders * 1e13 + seen, number)
  end
end

-- The sets of the areas that a number lies in; those too are keys that only the script can know.
local function area_sets(number)
  local sets = {}
  local areas = key.areas and redis.call('HGET', key.areas, number) or ''
  for area in string.gmatch(areas, '%S+') do sets[#sets + 1] = rule.area_prefix .. area end
  return sets
end

local function free(number, gone)
  redis.call('ZREM', key.held, number)
  if not is_draining(number) then
    local released = math.min(gone, rule.now)
    redis.call('ZADD', key.free, released, number)
    for _, set in ipairs(area_sets(number)) do redis.call('ZADD', set, released, number) end
  end
end

-- The end known last, when a lease key was lost (a failover) or tells of another number: the best
-- guess at its last sign. Such a lease is marked `lost`: there is no key to write it to.
local function end_known_last(number)
  return tonumber(redis.call('ZSCORE', key.held, number) or rule.now)
end

local function settle_shared(number, known)
  local gone, sessions, keys = nil, {}, {}
  for word in string.gmatch(known, '%S+') do
    if not gone then
      gone = tonumber(word)
    else
      sessions[#sessions + 1] = word
      keys[#keys + 1] = rule.lease_prefix .. word
    end
  end

  local running, left, newest, earliest = {}, {}, 0, nil
  for i, value in ipairs(redis.call('MGET', unpack(keys))) do
    local lease = parse(value)
    if lease and lease.number ~= number then lease = nil end
    if lease and lease.ends > rule.now then
      lease.session = sessions[i]
      running[#running + 1], left[#left + 1] = lease, sessions[i]
      newest = math.max(newest, lease.seen)
      earliest = math.min(earliest or lease.ends, lease.ends)
    else
      if lease then correct_entry(sessions[i], lease) end
      gone = math.max(gone, lease and lease.seen or end_known_last(number))
    end
  end

  if #running == 0 then
    redis.call('ZREM', key.share, number)
    redis.call('HDEL', key.live, number)
    free(number, gone)
  else
    redis.call('ZADD', key.held, earliest, number)
    rank(number, #running, newest)
    if #running < #sessions then
      redis.call('HSET', key.live, number, string.format('%.0f ', gone) .. table.concat(left, ' '))
    end
  end
  return running, newest
end

-- Looks at every lease of a number: what is over goes into `holders`; a number that nobody holds any
-- more becomes free as of its last sign of life. Returns the running leases, and the newest sign of
-- life among them. The newest entry in `holders` tells who has a number that was never shared.
local function settle(number)
  local list = rule.holders_prefix .. number
  local head = redis.call('LINDEX', list, 0)
  if not head then
    local held = redis.call('ZSCORE', key.held, number)
    if held then free(number, tonumber(held)) end
    return {}, 0
  end
  local session, since, tier, ended = string.match(head, '^(%S+) (%d+) %d+ (%l+) %S+ (%d+)')
  if tier == 'shared' then
    local known = redis.call('HGET', key.live, number)
    if known then return settle_shared(number, known) end
  end
  if ended ~= '0' then return {}, 0 end

  local lease = parse(redis.call('GET', rule.lease_prefix .. session))
  if not lease or lease.number ~= number or lease.since ~= since then
    local last = end_known_last(number)
    lease = { number = number, tier = tier, since = since, seen = last, ends = last, done = '0',
      lost = true }
  end
  if lease.ends > rule.now then
    lease.session = session
    redis.call('ZADD', key.held, lease.ends, number)
    return { lease }, lease.seen
  end
  redis.call('LSET', list, 0, final_entry(session, lease))
  free(number, lease.seen)
  return {}, 0
end

-- Settles the numbers whose leases may be over. Returns how many were looked at, and freed.
local function reclaim(most)
  local due = redis.call('ZRANGEBYSCORE', key.held, '-inf', rule.now_text, 'LIMIT', 0, most)
  local freed = 0
  for _, number in ipairs(due) do
    if #settle(number) == 0 then freed = freed + 1 end
  end
  return #due, freed
end

-- Lifts pins that are over: held numbers may be shared again.
local function lift_pins(most)
  local over = redis.call('ZRANGEBYSCORE', key.pinned, '-inf', rule.now_text, 'LIMIT', 0, most)
  for _, number in ipairs(over) do
    redis.call('ZREM', key.pinned, number)
    settle(number)
  end
  return #over
end
