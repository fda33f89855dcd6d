-- Replaces a value unless somebody changed it meanwhile; its time to live stays.
--
-- KEYS  1 the STR, or the HASH
-- ARGV  1 the field ("" = it is a STR)  2 what was read  3 what it becomes
-- returns 1, or 0 when it is another value by now
-- example  EVALSHA … 1 rt:{s07}:call:demo:5f… "" "3 {…}" "3 {…}"  →  1

if ARGV[1] == '' then
  if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
  redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
else
  if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
