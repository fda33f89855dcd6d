-- Writes a value over the one that was read before, unless somebody else wrote meanwhile.
--
-- KEYS   the key
-- ARGV   the value that was read, the value to write
-- Returns 1 when written, 0 when the key is gone or holds another value by now
-- Example  EVALSHA … 1 rt:{s01}:session:a:5f… "{…}" "{…}"   →  1

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
