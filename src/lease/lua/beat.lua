-- Signs of life of pages: renews every lease that their sessions hold. Stands behind gestures.lua. The
-- hot path: TIME, then one GET and one SET per lease; a pool's sets are corrected when somebody looks at
-- the number.
--
-- KEYS   leases; then, only when a page leaves or something was done with a number, 3 per lease: held,
--        share, pinned of its pool
-- ARGV   now ("" = TIME), number of leases, then 5 per lease: page, seq, kind (view | beat | leave; a
--        view of a further page names it: "view@/prices"), hold, time to live of the lease key; then, with the keys for it, 3 per lease: linger, pin,
--        what was done with the pool's number (gestures.lua; "" = nothing) (all ms)
-- Returns per lease "<number> <tier> <since>" with "-" for no number, or "" where acquire.lua must
--         decide: no running lease, or a view that may get something better than its overflow
-- Example  EVALSHA … 1 rt:{s01}:lease:a:main:5f… "" 1 k3J9abcd 7 beat 180000 5000000
--          →  {"+14155550199 own 1700000000000"}
--
-- The value of a lease: "number tier since last_seen until gestures" and, newest message first,
-- one " page=seq" per page, with "-" behind the seq of a page that left.
--
-- Times stay texts where they can: Lua writes a number in half a microsecond.

local now = ARGV[1]
if now == '' then
  local time = redis.call('TIME')
  now = time[1] .. string.sub('00000' .. time[2], -6, -4)
end
local leases = tonumber(ARGV[2])
local answers = {}

for i = 1, leases do
  local arg, more, more_arg = i * 5 - 2, leases + i * 3, leases * 5 + i * 3
  local page, seq, kind = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2]
  local opened
  if string.byte(kind, 5) == 64 then opened, kind = string.sub(kind, 6), 'view' end
  local leave = kind == 'leave'
  local answer = ''
  local value = redis.call('GET', KEYS[i])
  local lease, tier, ends, done, newest_page, newest, others
  if value then
    lease, tier, ends, done, newest_page, newest, others =
      string.match(value, '^(%S+ (%l+) %d+) %d+ (%d+) (%S+) ([^=]+)=(%d+)(.*)$')
  end
  if lease then
    local late = false
    if newest_page == page then
      late = tonumber(seq) <= tonumber(newest)
      if string.byte(others) == 45 then others = string.sub(others, 2) end
    else
      others = ' ' .. newest_page .. '=' .. newest .. others
      local at = string.find(others, ' ' .. page .. '=', 1, true)
      if at then
        local of_page, behind = string.match(others, '^(%d+)%-?()', at + #page + 2)
        late = tonumber(seq) <= tonumber(of_page)
        others = string.sub(others, 1, at - 1) .. string.sub(others, behind)
      else
        -- At most eight pages are remembered, those heard of last.
        others = string.match(others, '^ %S+ %S+ %S+ %S+ %S+ %S+ %S+') or others
      end
    end

    local pooled = tier ~= 'source' and tier ~= 'original'
    local runs = tonumber(ends) > tonumber(now)
    if late or leave and pooled and not runs then
      answer = lease
    elseif pooled and runs or not pooled and kind ~= 'view' then
      answer = lease
      local number = more_arg <= #ARGV and string.match(lease, '^%S+')
      if leave and not string.find(others .. ' ', '%d ') then
        ends = string.format('%d', now + ARGV[more_arg])
        if pooled then redis.call('ZADD', KEYS[more - 2], 'XX', 'LT', ends, number) end
      else
        ends = string.format('%d', now + ARGV[arg + 3])
      end
      local told = ARGV[more_arg + 2]
      if told and told ~= '' and pooled then
        local ago
        done, ago = with_gestures(done, told, now)
        if pins(ago, ARGV[more_arg + 1]) then
          redis.call('ZADD', KEYS[more], 'GT', now - ago + ARGV[more_arg + 1], number)
          redis.call('ZREM', KEYS[more - 1], number)
        end
      end
      if opened then done = with_page(done, opened, string.match(lease, '%d+$'), now) end
      redis.call('SET', KEYS[i],
        lease .. ' ' .. now .. ' ' .. ends .. ' ' .. done .. ' ' .. page .. '=' .. seq
          .. (leave and '-' or '') .. others,
        'PX', ARGV[arg + 4])
    end
  end
  answers[i] = answer
end
return answers
