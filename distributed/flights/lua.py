"""The scripts that the server runs. Each works on the record of one action and its trail, both in one slot of a cluster.

A record is a HASH of short fields, so that the server keeps it as one flat piece: ``t`` the last token, ``h`` who holds it and
``u`` until when, ``a`` who asked and ``v`` until when, ``k`` and a token for each strike that stands, with who and why, and of a
result its blob ``b``, its other figures with the id of the key that signed it ``m``, its signature ``s`` and the token ``p`` that
it came with. What is not so is removed, and the answer says so in its first place. Nothing that is given back is long, or other
than ASCII.
"""

from __future__ import annotations

from typing import Final

CLOCK: Final = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)"
"""The server's own time in milliseconds."""

EVENTS: Final = {
    "asked": "A", "queued": "Q", "claimed": "C", "local": "L", "published": "P", "differs": "D", "stale": "S", "failed": "F",
    "released": "R", "struck": "X", "lapsed": "E", "deadly": "Z", "withdrawn": "W", "lost": "G", "refused": "B", "replied": "Y",
}  # fmt: skip

LIBRARY: Final = r"""
local flight, trail = KEYS[1], KEYS[2]
local DAY = 86400000
local r = {t = 0, h = '', u = 0, a = '', v = 0, b = '', m = '', s = '', p = 0}
local strikes, count, damaged, existed = {}, 0, 0, false
local events = {}

local function whole(value)
  return #value <= 15 and string.find(value, '^%d+$') and tonumber(value) or nil
end
local function digits(value) return string.format('%.0f', value) end
local function plain(value, most)
  return #value <= most and not string.find(value, '[^\32-\126]')
end
local FORMS = {
  h = '^[wb]:[%w._-]+:%x+$', a = '^[%w._-]+$', b = '^%x+$', m = '^%d+:%d+:%d+:[%w._-]*$', s = '^%x*$'
}
local function read()
  local kind = redis.call('TYPE', flight).ok
  if kind == 'none' then return true end
  existed = true
  if kind ~= 'hash' or redis.call('HLEN', flight) > 100 then return false end
  local all = redis.call('HGETALL', flight)
  for i = 1, #all, 2 do
    local name, value = all[i], all[i + 1]
    if FORMS[name] then
      if #value > 128 or not string.find(value, FORMS[name]) then return false end
      r[name] = value
    elseif r[name] then
      r[name] = whole(value)
      if not r[name] then return false end
    else
      local token = string.find(name, '^k%d+$') and whole(string.sub(name, 2))
      if not token or not plain(value, 4000) then return false end
      strikes[token] = value
      count = count + 1
    end
  end
  if (r.h ~= '') ~= (r.u > 0) or (r.a ~= '') ~= (r.v > 0) then return false end
  if math.max(r.u, r.v, r.t) > now + DAY then return false end
  return (r.b == '' and r.m == '' and r.s == '') or (#r.b == 64 and r.m ~= '')
end
if not read() then
  redis.call('UNLINK', flight)
  r = {t = 0, h = '', u = 0, a = '', v = 0, b = '', m = '', s = '', p = 0}
  strikes, count, damaged, existed = {}, 0, 1, false
end

local function log(kind, who, token, text)
  events[#events + 1] = digits(now) .. ';' .. kind .. ';' .. who .. ';' .. digits(token) .. ';' .. text
end
local function tell()
  if #events == 0 then return end
  local pushed = redis.pcall('RPUSH', trail, unpack(events))
  if type(pushed) == 'table' and pushed.err then
    redis.call('UNLINK', trail)
    redis.call('RPUSH', trail, unpack(events))
  end
  redis.call('LTRIM', trail, -EVENTS, -1)
  redis.call('PEXPIRE', trail, KEEP_TRAIL)
end
local function save()
  local fields, kept = {}, KEEP_UNFINISHED
  for name, value in pairs(r) do
    if value ~= '' and value ~= 0 then
      fields[#fields + 1] = name
      fields[#fields + 1] = type(value) == 'number' and digits(value) or value
    end
  end
  for token, reason in pairs(strikes) do
    fields[#fields + 1] = 'k' .. digits(token)
    fields[#fields + 1] = reason
  end
  if existed then redis.call('DEL', flight) end
  if #fields > 0 then
    redis.call('HSET', flight, unpack(fields))
    if r.b ~= '' then
      kept = KEEP_RESULT
    elseif r.h ~= '' or r.v > now then
      kept = KEEP_UNFINISHED + math.max(r.u, r.v) - now
    elseif count >= LIMIT then
      kept = KEEP_DEADLY
    end
    redis.call('PEXPIRE', flight, kept)
  end
end
local function finish(...)
  save()
  tell()
  return {damaged, ...}
end
local function drop()
  r.h, r.u = '', 0
end
local function done(state)
  return {damaged, state, r.b, r.m, r.s}
end
local function live() return r.h ~= '' and r.u > now end
local function holder() return string.match(r.h, '^.:([^:]+):') end
local function lapse()
  if r.b == '' and r.h ~= '' and r.u <= now then
    log('E', holder(), r.t, '')
    drop()
    if count >= LIMIT then log('Z', '', 0, '') end
    save()
    tell()
    events, existed = {}, true
  end
end
local function reasons(state)
  local tokens, said = {}, {damaged, state}
  for token in pairs(strikes) do tokens[#tokens + 1] = token end
  table.sort(tokens)
  for _, token in ipairs(tokens) do said[#said + 1] = strikes[token] end
  return said
end
local function take(kind, who, nonce, lease)
  r.t = math.max(r.t + 1, now)
  r.h, r.u = kind .. ':' .. who .. ':' .. nonce, now + lease
  r.a, r.v = '', 0
end
local function pardon(token)
  -- A strike that was told has a reason behind the name, and stands.
  if not strikes[token] or string.find(strikes[token], ' ') then return false end
  strikes[token] = nil
  count = count - 1
  return true
end
"""

ASK: Final = r"""
local build, span, nonce = ARGV[1], tonumber(ARGV[2]), ARGV[3]
lapse()
if r.b ~= '' then return done('done') end
if live() then
  if nonce ~= '' and r.h == 'b:' .. build .. ':' .. nonce then return {damaged, 'open', digits(r.t)} end
  return {damaged, 'flying', digits(r.u - now), holder()}
end
if count >= LIMIT then return reasons('deadly') end
local asked = r.v > now
if asked and r.a ~= build then return {damaged, 'flying', digits(r.v - now), r.a} end
if nonce ~= '' then
  take('b', build, nonce, span)
  log('L', build, r.t, '')
  return finish('open', digits(r.t))
end
if not asked then log('A', build, 0, '') end
r.a, r.v = build, now + span
return finish('open', '0')
"""

CLAIM: Final = r"""
local kind, who, nonce, span, fresh, text = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
lapse()
if r.b ~= '' then return done('done') end
if live() then
  if r.h == kind .. ':' .. who .. ':' .. nonce then return {damaged, 'claimed', digits(r.t)} end
  return {damaged, 'busy', digits(r.u - now), holder()}
end
if count >= LIMIT then return reasons('deadly') end
if fresh == '1' and count > 0 then return reasons('suspect') end
if kind == 'b' and r.v > now and r.a ~= who then return {damaged, 'busy', digits(r.v - now), r.a} end
take(kind, who, nonce, span)
if kind == 'w' then
  strikes[r.t] = who
  count = count + 1
end
log(kind == 'w' and 'C' or 'L', who, r.t, text)
return finish('claimed', digits(r.t))
"""

RENEW: Final = r"""
local token, span = tonumber(ARGV[1]), tonumber(ARGV[2])
if r.b ~= '' or r.h == '' or r.t ~= token then return {damaged, 'lost'} end
r.u = now + span
return finish('held')
"""

PUBLISH: Final = r"""
local who, token = ARGV[1], tonumber(ARGV[2])
if r.b ~= '' then
  if r.b ~= ARGV[3] then
    log('D', who, token, ARGV[3])
    tell()
    return done('differs')
  end
  return done(token > 0 and token == r.p and 'published' or 'same')
end
if token > r.t then
  log('S', who, token, '')
  tell()
  return {damaged, 'stale'}
end
r.b, r.m, r.s, r.p = ARGV[3], ARGV[4], ARGV[5], token
drop()
r.a, r.v, strikes, count = '', 0, {}, 0
log('P', who, token, '')
return finish('published')
"""

END: Final = r"""
local kind, who, token, text = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if r.b ~= '' then return {damaged, 'done'} end
local had = pardon(token)
local stands = r.h ~= '' and r.t == token
if stands then drop() end
if not had and not stands then return {damaged, 'late'} end
log(kind, who, token, text)
return finish(stands and 'ended' or 'late')
"""

STRIKE: Final = r"""
local who, token, text = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if r.b ~= '' then return {damaged, 'done'} end
if not strikes[token] then return {damaged, 'late'} end
strikes[token] = who .. ' ' .. text
log('X', who, token, text)
if r.t == token then drop() end
local ends = count >= LIMIT and not live()
if ends then log('Z', '', 0, '') end
save()
tell()
return reasons(ends and 'deadly' or 'struck')
"""

WITHDRAW: Final = r"""
local build = ARGV[1]
local own = r.h ~= '' and string.sub(r.h, 1, #build + 3) == 'b:' .. build .. ':'
if r.b ~= '' or not (own or r.a == build) then return {damaged, 'kept'} end
if own then drop() end
if r.a == build then r.a, r.v = '', 0 end
log('W', build, 0, '')
return finish('withdrawn')
"""

FORGET: Final = r"""
local kind, who = ARGV[1], ARGV[2]
if r.b == '' or r.b ~= ARGV[3] or (ARGV[4] ~= '' and (r.m ~= ARGV[4] or r.s ~= ARGV[5])) then
  return {damaged, 'kept'}
end
r.b, r.m, r.s, r.p = '', '', '', 0
log(kind, who, 0, '')
return finish('forgotten')
"""

NOTE: Final = r"""
log(ARGV[1], ARGV[2], 0, ARGV[3])
tell()
return {damaged}
"""

_ENTRIES: Final = r"""
local function entries(name, most)
  local kind = redis.call('TYPE', name).ok
  if kind ~= 'list' then return {kind == 'none' and 0 or 1} end
  local found = {0}
  for _, entry in ipairs(redis.call('LRANGE', name, -most, -1)) do
    if #entry <= 4000 and not string.find(entry, '[^\32-\126]') then
      found[#found + 1] = entry
    else
      found[1] = found[1] + 1
    end
  end
  return found
end
"""

TRAIL: Final = _ENTRIES + "return entries(KEYS[1], tonumber(ARGV[1]))\n"

JOB: Final = r"""
local function push(from)
  for i = from, #ARGV, 1000 do
    redis.call('RPUSH', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
  end
end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'list' and kind ~= 'none' then redis.call('UNLINK', KEYS[1]) end
redis.call('RPUSH', KEYS[1], string.format('%.0f', now) .. ';' .. ARGV[1] .. ';' .. ARGV[2] .. ';0;' .. ARGV[3])
push(4)
redis.call('LTRIM', KEYS[1], -JOB_EVENTS, -1)
redis.call('PEXPIRE', KEYS[1], KEEP_TRAIL)
return {0}
"""
