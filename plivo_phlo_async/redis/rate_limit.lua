-- RateLimit's token bucket in one sorted set, on Redis' own clock.
--
-- A process asks for the tokens that its waiting actions need. A token is granted only once it is
-- in the bucket. A process that gets none is given a turn: the time at which to ask again.
--
-- A process that waits gets a lease with each answer, and sends it back with its next question. When
-- the last lease that came back ends, the process may be cut off from Redis and use its share on its
-- own: from then on the others get that much less. It uses no token of its own before the last lease
-- that it received has ended, which is never the earlier of the two.
--
-- KEYS: the bucket. Its numbers are members whose scores are the values. A process is a member as
-- well; its score is a time in nanoseconds, which is beyond any number of the bucket: the end of
-- its lease, or minus the time of its last question if it has none.
-- ARGV: the rate, the burst, how many tokens the process wants, how many it returns, the seconds to
-- pause (-1 for none), whether to empty the bucket (1 or 0), the seconds until the turn it has, its
-- name, the end of its last lease (0 for none, -1 before its first answer), whether it uses its share
-- when Redis is away (1 or 0).
-- Returns: how many tokens are granted, the seconds until the process should ask again, the seconds
-- until its turn, the rate while nothing is refused, the rate now, how many processes count, the end
-- of its lease (0 for none), the seconds until then.

local COUNTED = 120  -- seconds for which a process counts after its last question or lease
local NANO, BEYOND = 1e9, 1e12

local key, time = KEYS[1], redis.call('TIME')
local now = time[1] + time[2] / 1e6
local full, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local returned, pause, empty = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local turn_in, process = tonumber(ARGV[7]), 'process:' .. ARGV[8]
local leased_until, uses_share = tonumber(ARGV[9]), ARGV[10] == '1'

local function exact(number) return string.format('%.17g', number) end

local stored, numbers = {}, redis.call('ZRANGEBYSCORE', key, -BEYOND, BEYOND, 'WITHSCORES')
for i = 1, #numbers, 2 do stored[numbers[i]] = tonumber(numbers[i + 1]) end

-- Without a record, tokens may have been spent a moment ago: start with none.
local at, tokens, passed = stored.at or now, stored.tokens or 0, stored.passed or 5
local paused, cut, next_turn = stored.paused or 0, stored.cut or 0, stored.next_turn or 0
local joined, joined_at = stored.joined or 0, stored.joined_at or 0
redis.call('ZREMRANGEBYSCORE', key, BEYOND, exact((now - COUNTED) * NANO))
redis.call('ZREMRANGEBYSCORE', key, exact((COUNTED - now) * NANO), -BEYOND)
if at > now then  -- the clock was set back, or another server answers
  local back = at - now
  at, paused, cut, next_turn = now, paused - back, cut - back, next_turn - back
  joined_at = joined_at - back
  redis.call('ZREMRANGEBYSCORE', key, BEYOND, '+inf')
  redis.call('ZREMRANGEBYSCORE', key, '-inf', -BEYOND)
end

local settings_at = now
if stored.full and stored.full < full and math.abs(now - stored.settings_at) < 60 then
  full, burst, settings_at = stored.full, stored.burst, stored.settings_at
end
local rate = math.min(stored.rate or full, full)

-- The processes. Those whose leases have ended are silent.
local score = tonumber(redis.call('ZSCORE', key, process) or 0)
local count = redis.call('ZCARD', key) - #numbers / 2
local silent = redis.call('ZCOUNT', key, BEYOND, '(' .. exact(now * NANO))
-- A silent process divides its share by the count that it last received; more may have come since.
local divisor = math.max(1, silent > 0 and math.min(stored.divisor or count, count) or count)

local function rate_beside(silent)
  return math.min(rate, full * math.max(0, 1 - silent / divisor))
end

local elapsed = now - math.max(at, paused)
if elapsed >= 0 then
  if rate < full and passed >= 5 then rate = math.min(full, rate + 0.05 * full * elapsed) end
  tokens = math.min(burst, tokens + elapsed * rate_beside(silent) + returned)
end

if pause >= 0 then
  paused, passed = math.max(paused, now + pause), 0
  if now >= cut + 1 then cut, rate = now, math.max(math.min(0.5, full), rate * 0.7) end
end
if pause >= 0 or empty then tokens = math.min(tokens, 0) end
-- Without a record, others may use their shares as well, and notice within a second.
if empty and not stored.at then paused = math.max(paused, now + 1.2) end

local granted = math.max(0, math.min(wanted, math.floor(tokens + 1e-9)))
tokens, passed = tokens - granted, passed + granted

if score == 0 then count = count + 1 end
if silent == 0 then divisor = count end
if score > 0 and score < now * NANO then silent = silent - 1 end  -- it is back
local pace = math.max(rate_beside(silent), full / 100)
local grace = 2 + 1 / pace  -- more than between two questions of a process that waits

local wait, turn = 0, now
if granted < wanted then  -- ask again for the next token that no other process' turn is for
  local first = math.max(now, paused) + (1 - tokens) / pace
  if turn_in > 0 and granted == 0 then turn = now + turn_in
  else
    turn = math.max(next_turn, first)
    next_turn = turn + 1 / pace
  end
  -- Ask a second after the token is there, in case another process does not use its turn.
  wait = math.min(turn, first + 1) - now
elseif tokens >= 1 then
  next_turn = 0  -- no process waits any more
end

-- The lease. A late question brings back an old one, which does not end the process' silence.
if leased_until > math.max(now, paused) + 60 * grace then leased_until = 0 end  -- of another clock
local is_new, lease, confirmed = leased_until < 0 and score == 0, 0, 0
confirmed = math.max(leased_until, score > 0 and score / NANO or 0)
if uses_share and (wanted > granted or (score > 0 and confirmed < now)) then
  if score <= 0 then confirmed = math.max(confirmed, now + grace) end
  lease = now + wait + grace
  if confirmed < now + wait then wait = math.min(wait, 0.1) end  -- send the lease back in time
  score = confirmed * NANO
else
  score = -now * NANO
end
redis.call('ZADD', key, score, process)

-- A new process takes the place of a silent one, which was killed: of the last that fell silent, or
-- of one that falls silent soon.
if now > joined_at + grace then joined = 0 end
local from, most = joined_at * NANO, joined
if is_new then from, most, joined, joined_at = BEYOND, 1, joined + 1, now end
if most > 0 then
  local ended = redis.call('ZREVRANGEBYSCORE', key, '(' .. exact(now * NANO), from, 'LIMIT', 0, most)
  for _, each in ipairs(ended) do
    if each ~= process then redis.call('ZREM', key, each); joined, count = joined - 1, count - 1 end
  end
end

redis.call('ZADD', key, exact(now), 'at', exact(tokens), 'tokens', exact(rate), 'rate',
  exact(passed), 'passed', exact(paused), 'paused', exact(cut), 'cut', exact(next_turn), 'next_turn',
  exact(full), 'full', exact(burst), 'burst', exact(settings_at), 'settings_at',
  exact(joined), 'joined', exact(joined_at), 'joined_at', exact(divisor), 'divisor')
redis.call('EXPIRE', key, 3600 + math.ceil(math.max(0, paused - now)))
return {exact(granted), exact(wait), exact(turn - now), exact(full), exact(rate), count,
  exact(lease), exact(math.max(0, lease - now))}
