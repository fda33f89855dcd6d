-- Keeps what was told of an e-mail address under each of its keys, unless something newer stands there: forms may come
-- late, or from an import.
--
-- KEYS  email STR "<told at (ms)> <JSON>", one or two of them
-- ARGV  1 told at (ms)   2 ms to keep it   3 … the value of each key
-- Returns nothing
-- Example: EVALSHA … 2 rt:{s07}:email:demo:k3… rt:{s07}:email:demo:9f… 1767323045000 2592000000
--          '1767323045000 {"with":"5f…","hashes":{…}}' '1767323045000 {"with":"5f…","session":"…"}'

for i = 1, #KEYS do
  local known = string.match(redis.call('GET', KEYS[i]) or '', '^(%d+) ')
  if not known or tonumber(known) <= tonumber(ARGV[1]) then
    redis.call('SET', KEYS[i], ARGV[i + 2], 'PX', ARGV[2])
  end
end
