-- Saves one version of a call with everything that must not be lost or doubled beside it: the
-- index entries, the caller's record, the ledger entry and the postbacks; and what the next calls of its
-- number and whoever listens are told.
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
--       6 outbox:due           ZSET postback id -> due at, of what needs only its verdict
--       7 outbox:done          ZSET postback id -> settled at
--       8 outbox:dead          ZSET postback id -> given up at
--       9 called               ZSET dialled number -> newest call's start (ms)
--      10 live                 STREAM, field "e"
--      11 rings                LIST of the latest calls of the number, newest first
--      12 outbox:done:body     HASH postback id -> JSON with its verdict
--      13 outbox:dead:body     HASH postback id -> JSON with its verdict
--      14 outbox:queues        ZSET key of a queue -> its earliest score
--      15 caller               HASH of the caller, or any key when the call is counted for none
--      16 calls of the caller  ZSET call id -> started_at, or any key
--      17… queues of destinations   ZSET postback id -> due at; those that are named below
-- ARGV  1 version that was read, 0 = none      2 new version       3 call id
--       4 started_at (ms)      5 seconds to keep the snapshot      6 "open" or "final"
--       7 the number that was dialled, "" = unknown
--       8 entry for rings, "" = none           9 entries to keep there                10 seconds to keep them
--      11 what listeners are told as JSON, "" = nothing            12 entries to keep of that
--      13 ledger envelope JSON, with the snapshot as its last field "body"
--      14 the caller's count that was read ("0" = unknown caller), "" = the call is counted for none
--      15 ms to keep the caller
--      16 first_call  17 first_at  18 last_call  19 last_at  20 count  21 last_session or ""
--      22 most calls of the caller that are listed
--      23 number of revised postbacks           24 due at (ms) of what becomes of them
--      25… revised: id, JSON that replaces it, "withdrawn" or "", id and JSON of its correction, which of KEYS is the
--          queue of their destination; 6 each
--       …  postbacks: id, JSON, due at (ms), which of KEYS is their queue; 4 each
-- Returns {"saved", number of postbacks queued} or {"conflict", 0}
-- Example: EVALSHA … 16 rt:{s07}:call:demo:0191… … 0 1 0191… 1767323045000 2592000 open +14155550199 "" 16 3600
--          "" 1000 '{"v":1,…,"body":{"id":…}}' "" "" "" "" "" "" "" "" 200 0 1767323045000  ->  {"saved", 0}

local stored = redis.call('GET', KEYS[1])
local version = stored and string.match(stored, '^(%d+) ') or '0'
if version ~= ARGV[1] then
  return {'conflict', 0}
end
local is_counted = ARGV[14] ~= ''
if is_counted and (redis.call('HGET', KEYS[15], 'count') or '0') ~= ARGV[14] then
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

-- What is put into a queue: id, JSON, due at, the queue, and the set (with its bodies) that it leaves.
local queued, puts = 0, {}
local after_revised = 25 + 6 * ARGV[23]
for i = 25, after_revised - 1, 6 do
  local id, json, withdrawn = ARGV[i], ARGV[i + 1], ARGV[i + 2] == 'withdrawn'
  local queue = KEYS[tonumber(ARGV[i + 5])]
  local waits = redis.call('HGET', KEYS[5], id)
  local settled = redis.call('HGET', KEYS[12], id)
  if waits then
    -- It waits with those of its destination, or with those of all (see outbox:due), and may change sides.
    local here, there = queue, KEYS[6]
    if withdrawn then
      here, there = KEYS[6], queue
    end
    puts[#puts + 1] = { id, with_attempts(json, waits), ARGV[24], here, there }
  elseif redis.call('ZSCORE', KEYS[8], id) then
    local gave_up = redis.call('HGET', KEYS[13], id)
    if not withdrawn then
      puts[#puts + 1] = { id, with_attempts(json, gave_up), ARGV[24], queue, KEYS[8], KEYS[13] }
    end
  elseif settled and not string.find(settled, '"verdict":"delivered"', 1, true) then
    if not withdrawn then
      puts[#puts + 1] = { id, with_attempts(json, settled), ARGV[24], queue, KEYS[7], KEYS[12] }
    end
  -- Of what was settled long ago only the id is kept: it may have been delivered.
  elseif redis.call('ZSCORE', KEYS[7], id) and not is_known(ARGV[i + 3]) then
    puts[#puts + 1] = { ARGV[i + 3], ARGV[i + 4], ARGV[24], queue }
    queued = queued + 1
  end
end
for i = after_revised, #ARGV, 4 do
  if not is_known(ARGV[i]) then
    puts[#puts + 1] = { ARGV[i], ARGV[i + 1], ARGV[i + 2], KEYS[tonumber(ARGV[i + 3])] }
    queued = queued + 1
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
if is_counted then
  redis.call('HSET', KEYS[15], 'first_call', ARGV[16], 'first_at', ARGV[17], 'last_call', ARGV[18],
    'last_at', ARGV[19], 'count', ARGV[20], 'last_session', ARGV[21])
  redis.call('PEXPIRE', KEYS[15], ARGV[15])
  redis.call('ZADD', KEYS[16], ARGV[4], ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[16], 0, -1 - ARGV[22])
  redis.call('PEXPIRE', KEYS[16], ARGV[15])
end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[13])
for _, put in ipairs(puts) do
  local id, json, due, queue, leaves, bodies = unpack(put)
  redis.call('HSET', KEYS[5], id, json)
  redis.call('ZADD', queue, due, id)
  redis.call('ZADD', KEYS[14], 'LT', due, queue)
  if leaves then
    redis.call('ZREM', leaves, id)
  end
  if bodies then
    redis.call('HDEL', bodies, id)
  end
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
return {'saved', queued}
