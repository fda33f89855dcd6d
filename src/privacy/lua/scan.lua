-- A step of SCAN on the server that has a shard: a script goes where its key is, SCAN alone does not on a cluster.
--
-- KEYS  1 any key of the shard
-- ARGV  1 cursor  2 pattern  3 about how many keys to look at
-- returns the next cursor and the names that were found
-- example  EVALSHA … 1 rt:{s07}:ledger 0 "rt:{s07}:*" 1000  →  {"0", {"rt:{s07}:ledger"}}

return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
