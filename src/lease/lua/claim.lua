-- Changes claims on numbers, each only where it still is as it was read.
--
-- KEYS   registry
-- ARGV   for each number: the number, the claim as it was read ("" = none), the claim as it should be
--        ("" = released)
-- Returns for each number the claim that it has now ("" = none)
-- Example  EVALSHA … 1 rt:{numbers}:owner +14155550199 "" "demo/main api 1700000000000"
--          →  {"demo/main api 1700000000000"}

local claims = {}
for i = 1, #ARGV, 3 do
  local number, wanted = ARGV[i], ARGV[i + 2]
  local claim = redis.call('HGET', KEYS[1], number) or ''
  if claim == ARGV[i + 1] then
    if wanted == '' then
      redis.call('HDEL', KEYS[1], number)
    else
      redis.call('HSET', KEYS[1], number, wanted)
    end
    claim = wanted
  end
  claims[#claims + 1] = claim
end
return claims
