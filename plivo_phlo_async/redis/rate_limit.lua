-- RateLimit's token bucket in one hash, on Redis' own clock.
--
-- A process asks for the tokens that its waiting actions need. A token is granted only once it is
-- in the bucket. A process that gets none is given a turn: the time at which to ask again.
--
-- KEYS: the bucket.
-- ARGV: the rate, the burst, how many tokens the process wants, how many it returns, the seconds to
-- pause (-1 for none), whether to empty the bucket (1 or 0), the seconds until the turn it has, its
-- name.
-- Returns: how many tokens are granted, the seconds until the process should ask again, the seconds
-- until its turn, the rate while nothing is refused, the rate now, how many processes asked within
-- the last hour.

local key, time = KEYS[1], redis.call('TIME')
local now = time[1] + time[2] / 1e6
local full, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local returned, pause, empty = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local turn_in, process = tonumber(ARGV[7]), 'process:' .. ARGV[8]

local stored, count, fields = {}, 1, redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  local name, value = fields[i], tonumber(fields[i + 1])
  if string.sub(name, 1, 8) ~= 'process:' then stored[name] = value
  elseif now - value > 3600 then redis.call('HDEL', key, name)
  elseif name ~= process then count = count + 1 end
end

-- Without a record, tokens may have been spent a moment ago: start with none.
local at, tokens, passed = stored.at or now, stored.tokens or 0, stored.passed or 5
local paused, cut, next_turn = stored.paused or 0, stored.cut or 0, stored.next_turn or 0
if at > now then  -- the clock was set back, or another server answers
  local back = at - now
  at, paused, cut, next_turn = now, paused - back, cut - back, next_turn - back
end

local settings_at = now
if stored.full and stored.full < full and math.abs(now - stored.settings_at) < 60 then
  full, burst, settings_at = stored.full, stored.burst, stored.settings_at
end
local rate = math.min(stored.rate or full, full)

local elapsed = now - math.max(at, paused)
if elapsed >= 0 then
  if rate < full and passed >= 5 then rate = math.min(full, rate + 0.05 * full * elapsed) end
  tokens = math.min(burst, tokens + elapsed * rate + returned)
end

if pause >= 0 then
  paused, passed = math.max(paused, now + pause), 0
  if now >= cut + 1 then cut, rate = now, math.max(math.min(0.5, full), rate * 0.7) end
end
if pause >= 0 or empty then tokens = math.min(tokens, 0) end

local granted = math.max(0, math.min(wanted, math.floor(tokens + 1e-9)))
tokens, passed = tokens - granted, passed + granted

local wait, turn = 0, now
if granted < wanted then  -- ask again for the next token that no other process' turn is for
  local first = math.max(now, paused) + (1 - tokens) / rate
  if turn_in > 0 and granted == 0 then turn = now + turn_in
  else
    turn = math.max(next_turn, first)
    next_turn = turn + 1 / rate
  end
  -- Ask a second after the token is there, in case another process does not use its turn.
  wait = math.min(turn, first + 1) - now
elseif tokens >= 1 then
  next_turn = 0  -- no process waits any more
end

local function exact(number) return string.format('%.17g', number) end
redis.call('HSET', key, process, exact(now), 'at', exact(now), 'tokens', exact(tokens),
  'rate', exact(rate), 'passed', exact(passed), 'paused', exact(paused), 'cut', exact(cut),
  'next_turn', exact(next_turn), 'full', exact(full), 'burst', exact(burst),
  'settings_at', exact(settings_at))
redis.call('EXPIRE', key, 3600 + math.ceil(math.max(0, paused - now)))
return {exact(granted), exact(wait), exact(turn - now), exact(full), exact(rate), count}
