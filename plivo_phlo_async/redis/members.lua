-- Adds a change of a call's members to the stream that all workers read, and to the call's hash,
-- from which a worker that starts late catches up.
--
-- KEYS: the stream, the calls by their last event, the number of the last change, the call's hash.
-- ARGV: the change, the call, the hash's field for the change ("" forgets the call), whether a second
-- change of that field replaces the first (1 or 0), the worker, seconds after which a call expires,
-- how many calls and how many changes of the stream are kept.
-- Returns: 1 if the change is new, else 0.

local stream, calls, counter, hash = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local change, call, field, replaces = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local worker, lifetime, max_calls, max_changes = ARGV[5], tonumber(ARGV[6]), ARGV[7], ARGV[8]
local prefix = string.sub(hash, 1, #hash - #call)
local now = tonumber(redis.call('TIME')[1])

-- Drop the older half of what is kept of a call; a name may be in use for years.
local function halve()
  local fields, numbers = redis.call('HGETALL', hash), {}
  for i = 2, #fields, 2 do numbers[i / 2] = tonumber(string.match(fields[i], '^%d+')) end
  local sorted = {unpack(numbers)}
  table.sort(sorted)
  for i, number in ipairs(numbers) do
    if number < sorted[math.ceil(#sorted / 2)] then redis.call('HDEL', hash, fields[2 * i - 1]) end
  end
end

local function forget(name)
  redis.call('ZREM', calls, name)
  redis.call('DEL', prefix .. name)
end

if field ~= '' and not replaces and redis.call('HEXISTS', hash, field) == 1 then return 0 end
local number = redis.call('INCR', counter)
redis.call('XADD', stream, 'MAXLEN', '~', max_changes, '*',
  'number', number, 'worker', worker, 'change', change)
if field == '' then
  forget(call)
else
  redis.call('HSET', hash, field, number .. ' ' .. change)
  redis.call('ZADD', calls, now, call)
  if redis.call('HLEN', hash) > 4000 then halve() end
end

for _, name in ipairs(redis.call('ZRANGEBYSCORE', calls, '-inf', now - lifetime)) do forget(name) end
for _, name in ipairs(redis.call('ZRANGE', calls, 0, -1 - tonumber(max_calls))) do forget(name) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, lifetime) end
return 1
