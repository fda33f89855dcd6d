-- Saves one version of a call with everything that must not be lost or doubled beside it: the
-- index entries, the caller's record, the ledger entry and the postbacks.
--
-- Nothing is written when another version, or another call of the same caller, was saved since
-- the caller of this script looked.
--
-- Where the call is attributed anew, what was said of it is revised: a postback that still waits is replaced and due at
-- once, so that whoever sends the old one at this moment loses the claim and it is sent once more as it is now; one
-- that was delivered gets a correction; one that was skipped, rejected or given up is tried again.
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
--      10 outbox:done:body     HASH postback id -> JSON with its verdict
--      11 outbox:dead:body     HASH postback id -> JSON with its verdict
--      12 caller               HASH of the caller, only when the call is counted for one
--      13 calls of the caller  ZSET call id -> started_at, only with 12
-- ARGV  1 version that was read, 0 = none      2 new version       3 call id
--       4 snapshot JSON        5 started_at (ms)                   6 seconds to keep the snapshot
--       7 "open" or "final"    8 calls that began before this (ms) leave the index
--       9 ledger envelope JSON
--      10 the caller's count that was read ("0" = unknown caller), "" without KEYS[12]
--      11 ms to keep the caller
--      12 first_call  13 first_at  14 last_call  15 last_at  16 count  17 last_session or ""
--      18 the number that was dialled, "" = unknown
--      19 most calls of the caller that are listed
--      20 number of revised postbacks           21 due at (ms) of what becomes of them
--      22… revised: id, JSON that replaces it, "withdrawn" or "", id and JSON of its correction; 5 each
--       …  postbacks: id, JSON, due at (ms), id, JSON, due at, …
-- Returns {"saved", number of postbacks queued} or {"conflict", 0}
-- Example: EVALSHA … 11 rt:{s07}:call:demo:0191… … 0 1 0191… '{"id":…}' 1767323045000 2592000 open
--          1764731045000 '{"v":1,…}' "" 0 "" "" "" "" "" "" +14155550199 200 0 0  ->  {"saved", 0}

local stored = redis.call('GET', KEYS[1])
local version = stored and string.match(stored, '^(%d+) ') or '0'
if version ~= ARGV[1] then
  return {'conflict', 0}
end
if KEYS[12] and (redis.call('HGET', KEYS[12], 'count') or '0') ~= ARGV[10] then
  return {'conflict', 0}
end

local function is_known(id)
  return redis.call('HEXISTS', KEYS[5], id) == 1
    or redis.call('ZSCORE', KEYS[7], id)
    or redis.call('ZSCORE', KEYS[8], id)
end

-- A postback goes on counting its attempts.
local function with_attempts(json, before)
  local attempts = before and string.match(before, '"attempts":(%d+)')
  return attempts and (string.gsub(json, '"attempts":0', '"attempts":' .. attempts, 1)) or json
end

-- What is put into the queue: id, JSON, due at, and the set with its bodies that it leaves.
local queued, puts = 0, {}
local after_revised = 22 + 5 * ARGV[20]
for i = 22, after_revised - 1, 5 do
  local id, json, withdrawn = ARGV[i], ARGV[i + 1], ARGV[i + 2] == 'withdrawn'
  local waits = redis.call('HGET', KEYS[5], id)
  local settled = redis.call('HGET', KEYS[10], id)
  if waits then
    puts[#puts + 1] = { id, with_attempts(json, waits), ARGV[21] }
  elseif redis.call('ZSCORE', KEYS[8], id) then
    local gave_up = redis.call('HGET', KEYS[11], id)
    if not withdrawn then
      puts[#puts + 1] = { id, with_attempts(json, gave_up), ARGV[21], KEYS[8], KEYS[11] }
    end
  elseif settled and not string.find(settled, '"verdict":"delivered"', 1, true) then
    if not withdrawn then
      puts[#puts + 1] = { id, with_attempts(json, settled), ARGV[21], KEYS[7], KEYS[10] }
    end
  -- Of what was settled long ago only the id is kept: it may have been delivered.
  elseif redis.call('ZSCORE', KEYS[7], id) and not is_known(ARGV[i + 3]) then
    puts[#puts + 1] = { ARGV[i + 3], ARGV[i + 4], ARGV[21] }
    queued = queued + 1
  end
end
for i = after_revised, #ARGV, 3 do
  if not is_known(ARGV[i]) then
    puts[#puts + 1] = { ARGV[i], ARGV[i + 1], ARGV[i + 2] }
    queued = queued + 1
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
if KEYS[12] then
  redis.call('HSET', KEYS[12], 'first_call', ARGV[12], 'first_at', ARGV[13], 'last_call', ARGV[14],
    'last_at', ARGV[15], 'count', ARGV[16], 'last_session', ARGV[17])
  redis.call('PEXPIRE', KEYS[12], ARGV[11])
  redis.call('ZADD', KEYS[13], ARGV[5], ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[13], 0, -1 - ARGV[19])
  redis.call('PEXPIRE', KEYS[13], ARGV[11])
end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[9])
for _, put in ipairs(puts) do
  local id, json, due, set, bodies = unpack(put)
  redis.call('HSET', KEYS[5], id, json)
  redis.call('ZADD', KEYS[6], due, id)
  if set then
    redis.call('ZREM', set, id)
    redis.call('HDEL', bodies, id)
  end
end
return {'saved', queued}
