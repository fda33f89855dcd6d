-- Saves a lead with its ledger entry, and what it says of a caller, unless the lead is known.
--
-- KEYS  1 lead    STR  the lead as JSON
--       2 leads   ZSET lead id -> at (ms)
--       3 ledger  STREAM, field "e"
--       4 known   STR  the session that a caller was, only when the lead says so
-- ARGV  1 lead JSON   2 lead id   3 at (ms)   4 ms to keep the lead
--       5 leads before this (ms) leave the index   6 ledger envelope JSON
--       7 "<session> <at (ms)>"   8 ms to keep that
-- Returns 1 when saved, 0 when the lead is known
-- Example: EVALSHA … 3 rt:{s07}:lead:demo:5f… rt:{s07}:leads:demo rt:{s07}:ledger '{…}' 5f… 1767323045000
--          2592000000 1764731045000 '{"v":1,…}'  ->  1

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[5])
redis.call('XADD', KEYS[3], '*', 'e', ARGV[6])
if KEYS[4] then
  -- Leads may come late, or from an import: the newest says it.
  local known = string.match(redis.call('GET', KEYS[4]) or '', ' (%d+)$')
  if not known or tonumber(known) <= tonumber(ARGV[3]) then
    redis.call('SET', KEYS[4], ARGV[7], 'PX', ARGV[8])
  end
end
return 1
