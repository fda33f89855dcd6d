-- Writes a new session, and with consent its visitor's touch. Stands before the scripts that open one:
-- alone, or with the session's first lease.
--
-- KEYS   from `key` on: session, client
-- ARGV   from `first` on: packed visit, its life (ms), sealed client ("" = not kept), its life (ms),
--        the session's id, when it started (ms), most members of the visitor ("" = it is new),
--        how long they are kept (ms)

local function open_session(key, first)
  redis.call('SET', KEYS[key], ARGV[first], 'PX', ARGV[first + 1])
  if ARGV[first + 2] ~= '' then
    redis.call('SET', KEYS[key + 1], ARGV[first + 2], 'PX', ARGV[first + 3])
  end
end

-- The touch, with what else is told of the visitor at that moment: at, member.
local function touch(visitor, first, ...)
  redis.call('ZADD', visitor, ARGV[first + 5], ARGV[first + 4], ...)
  if ARGV[first + 6] ~= '' then
    redis.call('ZREMRANGEBYRANK', visitor, 0, -1 - ARGV[first + 6])
  end
  redis.call('PEXPIRE', visitor, ARGV[first + 7])
end
