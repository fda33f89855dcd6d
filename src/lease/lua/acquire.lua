-- A number of one pool for a session, by the rules of the lease, in order: renew, reclaim, take the
-- earlier number again, longest idle (rested: own, else unrested), overflow. Writes the session too
-- when it is new. Stands behind open.lua, gestures.lua and pool.lua.
--
-- KEYS   lease, free, held, live, share, pinned, draining, ledger; where the session is new: session,
--        client; where the pool matches areas: areas, and the sets of the visitor's areas, nearest
--        first; with consent: visitor
-- ARGV   1 now ("" = TIME)  2 session  3 page  4 seq  5 kind: view | beat;
--        a view of a further page names it: "view@/prices"
--        6 hold  7 time to live of the lease key  8 rest  9 pin  10 attribution window (all ms)
--        11 most sessions on one number (0 = no sharing)
--        12 static number of the visit's source ("" = none)  13 1 = before sharing, 0 = after
--        14 what was done with the number (gestures.lua; "" = nothing)
--        15 prefix of lease keys  16 prefix of holders keys  17 pool
--        18 ledger envelope as JSON with @at, @number and @tier still open
--        19 the number that the page says it shows ("" = it says none)
--        20 prefix of area sets ("" or left out = the pool matches no areas)
--        21 how many of the visitor's area sets are equally near, by step: "2 1 1"
--        22 the session's own ledger entry, when this opens it ("" or left out = it is stored);
--           then 23 to 30 as open.lua says
-- Returns "<number> <tier> <since>", with " new" behind it when the session did not have it before; the
--         number is "-" with tier original; "" when a beat comes from a session that was shown
--         nothing here, as far as is known
-- Example  EVALSHA … 8 rt:{s01}:lease:a:main:5f… … "" 5f… k3J9abcd 1 view 180000 …
--          →  "+14155550199 own 1700000000000 new"
--
-- A number is on a screen when the page names it, and this pool has it; else, a kind `beat` or a
-- view by a page that already shows a number means the session's last one. It comes back to the
-- session, as shared when others hold it meanwhile, and no other takes its place.
-- Other sessions' leases and the holders of the chosen number are keys that only the script can
-- know; they carry the same hash tag.

key = { lease = KEYS[1], free = KEYS[2], held = KEYS[3], live = KEYS[4], share = KEYS[5],
  pinned = KEYS[6], draining = KEYS[7], ledger = KEYS[8] }
-- Times that are written are texts: Lua needs half a microsecond to write a number.
local now_text = ARGV[1]
if now_text == '' then
  local time = redis.call('TIME')
  now_text = time[1] .. string.sub('00000' .. time[2], -6, -4)
end
local now = tonumber(now_text)
rule = { now = now, now_text = now_text, lease_prefix = ARGV[15], holders_prefix = ARGV[16],
  pool = ARGV[17] }
local session, page, seq, beat = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == 'beat'
local opened = string.match(ARGV[5], '^view@(.+)$')
local hold, ttl, rest, pin = tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local window, most = ARGV[10], tonumber(ARGV[11])
local ends_text = text(now + hold)
local source, source_first = ARGV[12], ARGV[13] == '1'
-- Where a free number is looked for, in order; each step has sets that are equally near.
local opens = (ARGV[22] or '') ~= ''
local steps, behind = {}, opens and 11 or 9
if (ARGV[20] or '') ~= '' then
  key.areas, rule.area_prefix, behind = KEYS[behind], ARGV[20], behind + 1
  for count in string.gmatch(ARGV[21], '%d+') do
    local sets = {}
    for i = 1, tonumber(count) do sets[i] = KEYS[behind + i - 1] end
    steps[#steps + 1], behind = sets, behind + #sets
  end
end
steps[#steps + 1] = { key.free }
key.visitor = KEYS[behind]
if opens then open_session(9, 23) end
local look_at = 8
-- A page may name any number of the pool: what it can pile upon one is bounded.
local most_on_screen = 64

local function is_of_pool(number)
  return redis.call('ZSCORE', key.free, number) or redis.call('ZSCORE', key.held, number)
    or is_draining(number)
end

local function answer(lease) return lease.number .. ' ' .. lease.tier .. ' ' .. lease.since end

-- What this session was told here before, and whether this page shows it.
local mine = not opens and parse(redis.call('GET', key.lease)) or nil
local pages, kept = '', ARGV[19] ~= '' and is_of_pool(ARGV[19]) and ARGV[19] or nil
if mine then
  local at = string.find(mine.pages, ' ' .. page .. '=', 1, true)
  if at then
    local newest, gone, behind = string.match(mine.pages, '^(%d+)(%-?)()', at + #page + 2)
    if seq <= tonumber(newest) then return answer(mine) end
    if gone == '' and mine.pooled then kept = kept or mine.number end
    pages = string.sub(mine.pages, 1, at - 1) .. string.sub(mine.pages, behind)
  else
    pages = string.match(mine.pages, '^ %S+ %S+ %S+ %S+ %S+ %S+ %S+') or mine.pages
  end
  if beat and mine.pooled then kept = kept or mine.number end
elseif beat and not kept then
  return ''
end
pages = ' ' .. page .. '=' .. seq .. pages
local done, click_ago = with_gestures(mine and mine.done or '0', ARGV[14], now)

local function write_lease(number, tier, since)
  local lease = number .. ' ' .. tier .. ' ' .. since
  if opened then done = with_page(done, opened, since, now_text) end
  redis.call('SET', key.lease,
    lease .. ' ' .. now_text .. ' ' .. ends_text .. ' ' .. done .. pages, 'PX', ttl)
  return lease
end

-- A pattern would look at every letter of the envelope; what is open stands in a known order.
local function tell_ledger(number, tier)
  local open = { '@at', now_text, '@tier', tier,
    '@number', number ~= '-' and '"number":"' .. number .. '",' or '', '@tier', tier }
  local parts, from = {}, 1
  for i = 1, #open, 2 do
    local first, last = string.find(ARGV[18], open[i], from, true)
    parts[i], parts[i + 1] = string.sub(ARGV[18], from, first - 1), open[i + 1]
    from = last + 1
  end
  parts[#parts + 1] = string.sub(ARGV[18], from)
  -- One message for both: a message holds one envelope a line.
  if opens then table.insert(parts, 1, ARGV[22] .. '\n') end
  redis.call('XADD', key.ledger, '*', 'e', table.concat(parts))
end

-- The number that the visitor had last in this pool: "<pool>=<number>" among its touches. Looked up once.
local had
-- A visitor who is new with this session had none.
if opens and ARGV[29] == '' then had = false end
local function had_before()
  if had ~= nil then return had end
  had = false
  local own, since = rule.pool .. '=', text(now - tonumber(window))
  for _, member in ipairs(redis.call('ZREVRANGEBYSCORE', key.visitor, '+inf', since)) do
    if string.sub(member, 1, #own) == own then
      had = string.sub(member, #own + 1)
      break
    end
  end
  return had
end

local function remember(number)
  local before, mine_now = had_before(), rule.pool .. '=' .. number
  if before and before ~= number then redis.call('ZREM', key.visitor, rule.pool .. '=' .. before) end
  if opens then return touch(key.visitor, 23, now_text, mine_now) end
  redis.call('ZADD', key.visitor, now_text, mine_now)
  -- Its touches, which are written first, have their time; what would stand alone gets its own.
  if redis.call('ZCARD', key.visitor) == 1 then redis.call('PEXPIRE', key.visitor, window) end
end

local function grant(number, tier)
  -- What was done belongs to the number it was done with.
  if not (mine and mine.number == number) then done = with_gestures('0', ARGV[14], now) end
  local lease = write_lease(number, tier, now_text)
  local list = rule.holders_prefix .. number
  if redis.call('LPUSH', list, entry(session, now_text, tier)) > 1024 then
    redis.call('LTRIM', list, 0, 1023)
  end
  redis.call('PEXPIRE', list, window)
  if key.visitor then remember(number) end
  if pins(click_ago, pin) then
    redis.call('ZADD', key.pinned, 'GT', now - click_ago + pin, number)
    redis.call('ZREM', key.share, number)
  end
  tell_ledger(number, tier)
  return lease .. ' new'
end

local function take(number, tier)
  redis.call('ZREM', key.free, number)
  for _, set in ipairs(area_sets(number)) do redis.call('ZREM', set, number) end
  redis.call('ZADD', key.held, ends_text, number)
  return grant(number, tier)
end

local function join(number, running)
  local holders = ''
  for _, lease in ipairs(running) do
    holders = holders .. lease.session .. ' '
    if lease.tier ~= 'shared' and not lease.lost then
      lease.tier = 'shared'
      redis.call('SET', rule.lease_prefix .. lease.session, packed(lease), 'KEEPTTL')
    end
  end
  redis.call('ZADD', key.held, 'LT', ends_text, number)
  rank(number, #running + 1, now)
  local known = redis.call('HGET', key.live, number)
  local gone = known and string.match(known, '^%d+') or 0
  redis.call('HSET', key.live, number, gone .. ' ' .. holders .. session)
  return grant(number, 'shared')
end

local function is_me(who) return who == session end

-- How honest it is to call a free number own: rested, or who had it last passes `before`.
local function tier_for(number, released, before)
  if released + rest <= now then return 'own' end
  local newest = before and redis.call('LINDEX', rule.holders_prefix .. number, 0)
  if newest then
    local who, tier = string.match(newest, '^(%S+) %d+ %d+ (%l+)')
    if tier ~= 'shared' and before(who) then return tier, true end
  end
  return 'unrested'
end

-- `rested`: not while the callers of whoever had it meanwhile may still ring.
local function take_again(number, before, rested)
  local released = redis.call('ZSCORE', key.free, number)
  if not released then return nil end
  local tier, was_last = tier_for(number, tonumber(released), before)
  if not was_last and (rested and tier ~= 'own' or is_pinned(number)) then return nil end
  return take(number, tier)
end

-- The head of a set of free numbers. An area's set may lag behind: its head is put right first, which
-- ends, since it either leaves or gets the score that it keeps.
local function head_of(set)
  for _ = 1, 256 do
    local head = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
    local released = set == key.free and head[2]
      or head[1] and redis.call('ZSCORE', key.free, head[1])
    if released == head[2] then return head[1], tonumber(released) end
    if released then
      redis.call('ZADD', set, released, head[1])
    else
      redis.call('ZREM', set, head[1])
    end
  end
end

-- A number can only be pinned while its last sign of life is younger than the pin.
local function longest_idle(set)
  local head, idle_since = head_of(set)
  if not head then return nil end
  if idle_since + pin <= now then return head, idle_since end
  local free = redis.call('ZRANGE', set, 0, 63)
  for i, pinned in ipairs(redis.call('ZMSCORE', key.pinned, unpack(free))) do
    local released = (not pinned or tonumber(pinned) <= now)
      and redis.call('ZSCORE', key.free, free[i])
    if released then return free[i], tonumber(released) end
  end
end

-- Of the sets of one step; of two that lie idle equally long the one that sorts first.
local function longest_idle_of(sets)
  local best, idle_since
  for _, set in ipairs(sets) do
    local number, released = longest_idle(set)
    if number and (not best or released < idle_since
      or released == idle_since and number < best) then
      best, idle_since = number, released
    end
  end
  return best, idle_since
end

-- Held by one: in the order of their known ends, which is that of their signs of life. Held by more:
-- in the order of `share`. Both orders lag behind; what is looked at is put right.
local function least_likely_to_ring()
  local best, best_running, best_seen, looked_at
  local function look(number)
    local running, seen = settle(number)
    looked_at = looked_at + 1
    if #running < most and (not best or #running < #best_running
      or #running == #best_running and seen < best_seen) then
      best, best_running, best_seen = number, running, seen
    end
  end

  looked_at = 0
  for first = 0, 192, 64 do
    local held = redis.call('ZRANGE', key.held, first, first + 63)
    if #held == 0 or looked_at >= look_at then break end
    local shared = redis.call('ZMSCORE', key.share, unpack(held))
    for i, number in ipairs(held) do
      if looked_at >= look_at then break end
      if not shared[i] and not is_pinned(number) and not is_draining(number) then look(number) end
    end
  end
  -- Some of those may be back to one holder.
  for _, number in ipairs(redis.call('ZRANGE', key.share, 0, look_at - 1)) do look(number) end
  return best, best_running
end

-- Pinned numbers, oldest click first: a free one, else one to share.
local function last_resort()
  local shared, shared_running
  for _, number in ipairs(redis.call('ZRANGE', key.pinned, 0, 15)) do
    local running = settle(number)
    if redis.call('ZSCORE', key.free, number) then return number, {} end
    if not shared and #running > 0 and #running < most and not is_draining(number) then
      shared, shared_running = number, running
    end
  end
  return shared, shared_running
end

local function without_a_number(number, tier)
  if mine and mine.number == number and mine.tier == tier then
    return write_lease(number, tier, mine.since)
  end
  if opens and key.visitor then touch(key.visitor, 23) end
  tell_ledger(number, tier)
  return write_lease(number, tier, now_text) .. ' new'
end

-- 1. It holds one: renew.
if mine and mine.pooled and mine.ends > now then
  local lease = write_lease(mine.number, mine.tier, mine.since)
  if pins(click_ago, pin) then
    redis.call('ZADD', key.pinned, 'GT', now - click_ago + pin, mine.number)
    redis.call('ZREM', key.share, mine.number)
  end
  return lease
end
if mine and beat and not mine.pooled and not kept then
  return write_lease(mine.number, mine.tier, mine.since)
end

-- 2. What is over goes back; one's own lease first, since its value is about to be overwritten.
if mine and mine.pooled then settle(mine.number) end
reclaim(16)

-- A number on a screen is never taken away.
if kept then
  local others = settle(kept)
  if #others == 0 then
    -- A draining number is nowhere while nobody holds it.
    local released = redis.call('ZSCORE', key.free, kept)
      or mine and mine.number == kept and mine.seen or now
    return take(kept, (tier_for(kept, tonumber(released), is_me)))
  end
  if #others < most_on_screen then return join(kept, others) end
  if beat then return mine and answer(mine) or '' end
end

-- 3. The number that the session, or its visitor, had before.
if mine and mine.pooled then
  local again = take_again(mine.number, is_me)
  if again then return again end
end
if key.visitor and had_before() then
  local was_here = function(who) return redis.call('ZSCORE', key.visitor, who) end
  local again = take_again(had, was_here, true)
  if again then return again end
end

-- 4. and 5. The longest idle number of the nearest areas that has rested; else one that has not.
local unrested
for _, sets in ipairs(steps) do
  local number, released = longest_idle_of(sets)
  if number and released + rest <= now then return take(number, 'own') end
  unrested = unrested or number
end
if unrested then return take(unrested, 'unrested') end

-- 6. The overflow chain; pinned numbers only when nothing else is left.
if source ~= '' and source_first then return without_a_number(source, 'source') end
lift_pins(16)
local shared, running = nil, nil
if most > 0 then shared, running = least_likely_to_ring() end
if not shared and source ~= '' then return without_a_number(source, 'source') end
if not shared then shared, running = last_resort() end
if not shared then return without_a_number('-', 'original') end
if #running > 0 then return join(shared, running) end
local score = redis.call('ZSCORE', key.free, shared)
return take(shared, (tier_for(shared, tonumber(score))))
