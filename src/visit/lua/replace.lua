-- Writes a value over the one that was read before, unless somebody else wrote meanwhile, and tells
-- the ledger of it where there is something to tell.
--
-- KEYS   the key, the ledger
-- ARGV   the value that was read, the value to write, the ledger's entry or ""
-- Returns 1 when written, 0 when the key is gone or holds another value by now
-- Example  EVALSHA … 2 rt:{s01}:session:a:5f… rt:{s01}:ledger "{…}" "{…}" ""   →  1

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
if ARGV[3] ~= '' then
  redis.call('XADD', KEYS[2], '*', 'e', ARGV[3])
end
return 1
