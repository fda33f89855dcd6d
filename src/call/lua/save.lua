-- Saves one version of a call with everything that must not be lost or doubled beside it: the
-- index entries, the caller's record, the ledger entry and the postbacks.
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
--      10 caller               HASH of the caller, only when the call is counted for one
-- ARGV  1 version that was read, 0 = none      2 new version       3 call id
--       4 snapshot JSON        5 started_at (ms)                   6 seconds to keep the snapshot
--       7 "open" or "final"    8 calls that began before this (ms) leave the index
--       9 ledger envelope JSON
--      10 the caller's count that was read ("0" = unknown caller), "" without KEYS[10]
--      11 ms to keep the caller
--      12 first_call  13 first_at  14 last_call  15 last_at  16 count  17 last_session or ""
--      18 the number that was dialled, "" = unknown
--      19… postbacks: id, JSON, due at (ms), id, JSON, due at, …
-- Returns {"saved", number of postbacks queued} or {"conflict", 0}
-- Example: EVALSHA … 9 rt:{s07}:call:demo:0191… … 0 1 0191… '{"id":…}' 1767323045000 2592000 open
--          1764731045000 '{"v":1,…}' "" 0 "" "" "" "" "" "" +14155550199  ->  {"saved", 0}

local stored = redis.call('GET', KEYS[1])
local version = stored and string.match(stored, '^(%d+) ') or '0'
if version ~= ARGV[1] then
  return {'conflict', 0}
end
if KEYS[10] and (redis.call('HGET', KEYS[10], 'count') or '0') ~= ARGV[10] then
  return {'conflict', 0}
end

local queue = {}
for i = 19, #ARGV, 3 do
  local id = ARGV[i]
  local known = redis.call('HEXISTS', KEYS[5], id) == 1
    or redis.call('ZSCORE', KEYS[7], id)
    or redis.call('ZSCORE', KEYS[8], id)
  if not known then
    queue[#queue + 1] = i
  end
end

redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[4], 'EX', ARGV[6])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[3])
if ARGV[18] ~= '' then redis.call('ZADD', KEYS[9], 'GT', ARGV[5], ARGV[18]) end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[8])
if ARGV[7] == 'open' then
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[3])
else
  redis.call('ZREM', KEYS[3], ARGV[3])
end
if KEYS[10] then
  redis.call('HSET', KEYS[10], 'first_call', ARGV[12], 'first_at', ARGV[13], 'last_call', ARGV[14],
    'last_at', ARGV[15], 'count', ARGV[16], 'last_session', ARGV[17])
  redis.call('PEXPIRE', KEYS[10], ARGV[11])
end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[9])
for _, i in ipairs(queue) do
  redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[6], ARGV[i + 2], ARGV[i])
end
return {'saved', #queue}
