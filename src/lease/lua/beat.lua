-- One sign of life of a page: renews every lease that its session holds. The hot path: TIME, then
-- one GET and one SET per pool; the pool's sets are corrected when somebody looks at the number.
--
-- KEYS   4 per pool: lease, held, share, pinned
-- ARGV   now ("" = TIME), page, seq, kind (view | beat | leave), then 5 per
--        pool:
--        hold, linger, time to live of the lease key, pin (all ms),
--        ms since a tel click on the pool's number ("" = none)
-- Returns per pool "<number> <tier> <since>" with "-" for no number, or "" where acquire.lua must
--         decide: no running lease, or a view that may get something better than its overflow
-- Example  EVALSHA … 4 rt:{s01}:lease:a:main:5f… rt:{s01}:pool:a:main:held …:share …:pinned
--          "" k3J9abcd 7 beat 180000 90000 5000000 600000 ""   →  {"+14155550199 own 1700000000000"}
--
-- The value of a lease: "number tier since last_seen until tel_click" and, newest message first,
-- one " page=seq" per page, with "-" behind the seq of a page that left.

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local page, seq, leave = ARGV[2], tonumber(ARGV[3]), ARGV[4] == 'leave'
local view = ARGV[4] == 'view'
local answers = {}

for pool = 1, #KEYS / 4 do
  local key, arg = pool * 4 - 3, pool * 5
  local answer = ''
  local value = redis.call('GET', KEYS[key])
  if value then
    local number, tier, since, ends, click, pages =
      string.match(value, '^(%S+) (%l+) (%d+) %d+ (%d+) (%d+)(.*)$')
    local pooled = tier ~= 'source' and tier ~= 'original'
    local late, at = false, string.find(pages, ' ' .. page .. '=', 1, true)
    local others = pages
    if at then
      local newest, behind = string.match(pages, '^(%d+)%-?()', at + #page + 2)
      late = seq <= tonumber(newest)
      others = string.sub(pages, 1, at - 1) .. string.sub(pages, behind)
    else
      -- At most eight pages are remembered, those heard of last.
      others = string.match(pages, '^ %S+ %S+ %S+ %S+ %S+ %S+ %S+') or pages
    end

    if late or leave and pooled and tonumber(ends) <= now then
      answer = number .. ' ' .. tier .. ' ' .. since
    elseif pooled and tonumber(ends) > now or not pooled and not view then
      answer = number .. ' ' .. tier .. ' ' .. since
      ends = now + ARGV[arg]
      if leave and not string.find(others .. ' ', '%d ') then
        ends = now + ARGV[arg + 1]
        if pooled then redis.call('ZADD', KEYS[key + 1], 'XX', 'LT', ends, number) end
      end
      if ARGV[arg + 4] ~= '' and pooled then
        click = now - ARGV[arg + 4]
        redis.call('ZADD', KEYS[key + 3], 'GT', click + ARGV[arg + 3], number)
        redis.call('ZREM', KEYS[key + 2], number)
      end
      redis.call('SET', KEYS[key],
        answer .. ' ' .. now .. ' ' .. ends .. ' ' .. click .. ' ' .. page .. '=' .. seq
          .. (leave and '-' or '') .. others,
        'PX', ARGV[arg + 2])
    end
  end
  answers[pool] = answer
end
return answers
