-- Brings a pool's sets up to date while nobody asks for numbers. Stands behind pool.lua.
--
-- KEYS   free, held, live, share, pinned, draining, areas
-- ARGV   now ("" = TIME), most numbers to look at, prefix of lease keys, prefix of holders keys, pool,
--        prefix of area sets ("" = the pool matches no areas)
-- Returns {looked at, freed}; ask again while as many were looked at as were allowed
-- Example  EVALSHA … 7 rt:{s01}:pool:a:main:free … "" 128 rt:{s01}:lease:a:main: … main ""  →  {3, 2}

key = { free = KEYS[1], held = KEYS[2], live = KEYS[3], share = KEYS[4], pinned = KEYS[5],
  draining = KEYS[6], areas = ARGV[6] ~= '' and KEYS[7] or nil }
local now = ARGV[1]
if now == '' then
  local time = redis.call('TIME')
  now = time[1] .. string.sub('00000' .. time[2], -6, -4)
end
rule = { now = tonumber(now), now_text = now, lease_prefix = ARGV[3], holders_prefix = ARGV[4],
  pool = ARGV[5], area_prefix = ARGV[6] }
local looked_at, freed = reclaim(tonumber(ARGV[2]))
return { looked_at + lift_pins(tonumber(ARGV[2])), freed }
