-- One sign of life of a page: renews every lease that its session holds. The hot path: TIME, then
-- one GET and one SET per pool; the pool's sets are corrected when somebody looks at the number.
--
-- KEYS   1 per pool: lease; then, only when the page leaves or a number was clicked, 3 per pool:
--        held, share, pinned
-- ARGV   now ("" = TIME), page, seq, kind (view | beat | leave), number of pools, then 2 per pool:
--        hold, time to live of the lease key; then, with the keys for it, 3 per pool: linger, pin,
--        ms since a tel click on the pool's number ("" = none) (all ms)
-- Returns per pool "<number> <tier> <since>" with "-" for no number, or "" where acquire.lua must
--         decide: no running lease, or a view that may get something better than its overflow
-- Example  EVALSHA … 1 rt:{s01}:lease:a:main:5f… "" k3J9abcd 7 beat 1 180000 5000000
--          →  {"+14155550199 own 1700000000000"}
--
-- The value of a lease: "number tier since last_seen until tel_click" and, newest message first,
-- one " page=seq" per page, with "-" behind the seq of a page that left.
--
-- Times stay texts where they can: Lua writes a number in half a microsecond.

local now = ARGV[1]
if now == '' then
  local time = redis.call('TIME')
  now = time[1] .. string.sub('00000' .. time[2], -6, -4)
end
local page, seq, leave = ARGV[2], ARGV[3], ARGV[4] == 'leave'
local pools = tonumber(ARGV[5])
local answers = {}

for pool = 1, pools do
  local arg, more, more_arg = 4 + pool * 2, pools + pool * 3, 3 + pools * 2 + pool * 3
  local answer = ''
  local value = redis.call('GET', KEYS[pool])
  local lease, tier, ends, click, newest_page, newest, others
  if value then
    lease, tier, ends, click, newest_page, newest, others =
      string.match(value, '^(%S+ (%l+) %d+) %d+ (%d+) (%d+) ([^=]+)=(%d+)(.*)$')
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
    elseif pooled and runs or not pooled and ARGV[4] ~= 'view' then
      answer = lease
      local number = more_arg <= #ARGV and string.match(lease, '^%S+')
      if leave and not string.find(others .. ' ', '%d ') then
        ends = string.format('%d', now + ARGV[more_arg])
        if pooled then redis.call('ZADD', KEYS[more - 2], 'XX', 'LT', ends, number) end
      else
        ends = string.format('%d', now + ARGV[arg])
      end
      local ago = ARGV[more_arg + 2]
      if ago and ago ~= '' and pooled then
        click = string.format('%d', now - ago)
        redis.call('ZADD', KEYS[more], 'GT', click + ARGV[more_arg + 1], number)
        redis.call('ZREM', KEYS[more - 1], number)
      end
      redis.call('SET', KEYS[pool],
        lease .. ' ' .. now .. ' ' .. ends .. ' ' .. click .. ' ' .. page .. '=' .. seq
          .. (leave and '-' or '') .. others,
        'PX', ARGV[arg + 1])
    end
  end
  answers[pool] = answer
end
return answers
