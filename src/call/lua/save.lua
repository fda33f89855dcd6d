-- Saves one version of a call with everything that must not be lost or doubled beside it: the
-- index entries, the caller's record, the ledger entry and the postbacks; and what the next calls of its
-- number and whoever listens are told.
--
-- Nothing is written when another version, or another call of the same caller, was saved since
-- the caller of this script looked.
--
-- KEYS  1 call                 STR  "<version> <snapshot JSON>"
--       2 calls                ZSET call id -> started_at
--       3 calls:open           ZSET call id -> started_at, calls without a final status
--       4 ledger               STREAM, field "e"
--       5 outbox:body          HASH postback id -> JSON
--       6 outbox:due           ZSET postback id -> due at
--       7 outbox:done          ZSET postback id -> settled at
--       8 outbox:dead          ZSET postback id -> given up at
--       9 called               ZSET dialled number -> newest call's start (ms)
--      10 live                 STREAM, field "e"
--      11 rings                LIST of the latest calls of the number, newest first
--      12 caller               HASH of the caller, only when the call is counted for one
-- ARGV  1 version that was read, 0 = none      2 new version       3 call id
--       4 started_at (ms)      5 seconds to keep the snapshot      6 "open" or "final"
--       7 the number that was dialled, "" = unknown
--       8 entry for rings, "" = none           9 entries to keep there                10 seconds to keep them
--      11 what listeners are told as JSON, "" = nothing            12 entries to keep of that
--      13 ledger envelope JSON, with the snapshot as its last field "body"
--      14 the caller's count that was read ("0" = unknown caller), "" without KEYS[12]
--      15 ms to keep the caller
--      16 first_call  17 first_at  18 last_call  19 last_at  20 count  21 last_session or ""
--      22… postbacks: id, JSON, due at (ms), id, JSON, due at, …
-- Returns {"saved", number of postbacks queued} or {"conflict", 0}
-- Example: EVALSHA … 11 rt:{s07}:call:demo:0191… … 0 1 0191… 1767323045000 2592000 open +14155550199 "" 16 3600
--          "" 1000 '{"v":1,…,"body":{"id":…}}' "" "" "" "" "" "" "" ""  ->  {"saved", 0}

local stored = redis.call('GET', KEYS[1])
local version = stored and string.match(stored, '^(%d+) ') or '0'
if version ~= ARGV[1] then
  return {'conflict', 0}
end
if KEYS[12] and (redis.call('HGET', KEYS[12], 'count') or '0') ~= ARGV[14] then
  return {'conflict', 0}
end

local queue = {}
for i = 22, #ARGV, 3 do
  local id = ARGV[i]
  local known = redis.call('HEXISTS', KEYS[5], id) == 1
    or redis.call('ZSCORE', KEYS[7], id)
    or redis.call('ZSCORE', KEYS[8], id)
  if not known then
    queue[#queue + 1] = i
  end
end

-- No text before it can hold this: quotes in texts are escaped.
local _, before_body = string.find(ARGV[13], '"body":', 1, true)
local snapshot = string.sub(ARGV[13], before_body + 1, -2)
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. snapshot, 'EX', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if ARGV[7] ~= '' then redis.call('ZADD', KEYS[9], 'GT', ARGV[4], ARGV[7]) end
if ARGV[6] == 'open' then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
else
  redis.call('ZREM', KEYS[3], ARGV[3])
end
if KEYS[12] then
  redis.call('HSET', KEYS[12], 'first_call', ARGV[16], 'first_at', ARGV[17], 'last_call', ARGV[18],
    'last_at', ARGV[19], 'count', ARGV[20], 'last_session', ARGV[21])
  redis.call('PEXPIRE', KEYS[12], ARGV[15])
end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[13])
for _, i in ipairs(queue) do
  redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[6], ARGV[i + 2], ARGV[i])
end
if ARGV[8] ~= '' then
  if redis.call('LPUSH', KEYS[11], ARGV[8]) > tonumber(ARGV[9]) then
    redis.call('LTRIM', KEYS[11], 0, ARGV[9] - 1)
  end
  redis.call('EXPIRE', KEYS[11], ARGV[10])
end
if ARGV[11] ~= '' then
  redis.call('XADD', KEYS[10], 'MAXLEN', '~', ARGV[12], '*', 'e', ARGV[11])
end
return {'saved', #queue}
