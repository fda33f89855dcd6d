-- Opens a session that asks for no number yet. Stands behind open.lua.
--
-- KEYS   session, client, ledger; with consent: visitor
-- ARGV   1 to 8 as open.lua says  9 the ledger's entry
-- Example  EVALSHA … 3 rt:{s01}:session:a:k3… rt:{s01}:client:a:k3… rt:{s01}:ledger … "{…}"

open_session(1, 1)
if KEYS[4] then touch(KEYS[4], 1) end
redis.call('XADD', KEYS[3], '*', 'e', ARGV[9])
