// Has intent files checked by a fleet: `node producer.js FILE.intent ...` prints what `hyper check --json` would.
//
// The environment is that of a build: HYPER_QUEUE_URL (else HYPER_CACHE_URL), HYPER_PROJECT, HYPER_FLEET and
// HYPER_CACHE_KEYS. It ends with 0 when the files are right, 1 when they are not, 2 when there is no answer.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const IORedis = require('ioredis');
const { Queue, QueueEvents } = require('bullmq');

const WAIT = Number(process.env.HYPER_CHECK_SECONDS || 60) * 1000;

function late() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing came in ${WAIT / 1000} seconds`)), WAIT).unref();
  });
}

// What is signed: each part behind its length in four bytes.
function signature(secret, ...parts) {
  const hmac = crypto.createHmac('sha256', secret).update('HyperCompiler shared cache 1');
  for (const part of parts) {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hmac.update(length).update(bytes);
  }
  return hmac.digest();
}

// A message as it travels. `keys` are those of HYPER_CACHE_KEYS, the first signs; without keys nothing is signed.
function write(prefix, keys, type, about, content) {
  const body = JSON.stringify(content);
  const message = { version: 1, type, body };
  if (keys.length === 0) return message;
  const [{ id, secret }] = keys;
  const signed = signature(secret, 'fleet message', id, prefix, type, about, body);
  return { ...message, key: id, signature: signed.toString('hex') };
}

// The content of a message. Where there are keys, one of them has to have signed it.
function read(prefix, keys, type, about, message) {
  if (message.version !== 1 || message.type !== type) throw new Error(`the answer is no ${type} of version 1`);
  if (keys.length > 0) {
    const key = keys.find(({ id }) => id === message.key);
    if (!key) throw new Error('the answer is not signed with a key that is known here');
    const right = signature(key.secret, 'fleet message', key.id, prefix, type, about, message.body);
    const said = Buffer.from(String(message.signature), 'hex');
    if (said.length !== right.length || !crypto.timingSafeEqual(said, right)) {
      throw new Error('the signature of the answer is not right');
    }
  }
  return JSON.parse(message.body);
}

// `files` are texts by path. Gives the object that `hyper check --json` prints.
async function check(connection, prefix, keys, files) {
  // Neither library asks for INFO, so that the access list need not have it.
  const options = { connection, prefix, skipVersionCheck: true };
  // It listens from here on, so that no answer comes before it listens.
  const [newest] = await connection.xrevrange(`${prefix}:{checks}:events`, '+', '-', 'COUNT', 1);
  const queue = new Queue('{checks}', options);
  const events = new QueueEvents('{checks}', { ...options, lastEventId: newest ? newest[0] : '0-0' });
  // The connection tells its own errors, and these are the same.
  for (const each of [queue, events]) each.on('error', () => {});
  try {
    await events.waitUntilReady();
    const id = `node-${crypto.randomUUID()}`;
    const kept = { removeOnComplete: { age: 300 }, removeOnFail: { age: 300 } };
    const job = await queue.add('check', write(prefix, keys, 'check', id, { files }), { jobId: id, ...kept });
    const answer = await job.waitUntilFinished(events, WAIT);
    return read(prefix, keys, 'checked', id, answer).result;
  } finally {
    await Promise.allSettled([events.close(), queue.close()]);
  }
}

// The options of a connection; what is thrown for no URL does not show it, since it may hold a password.
function place(url) {
  const known = ['redis:', 'rediss:'];
  if (!URL.canParse(url) || !known.includes(new URL(url).protocol)) {
    throw new Error('HYPER_QUEUE_URL is redis:// or rediss:// and a place');
  }
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const file = (name) => (process.env[name] ? fs.readFileSync(process.env[name]) : undefined);
  const tls = {
    ca: file('HYPER_CACHE_CA'),
    cert: file('HYPER_CACHE_CERTIFICATE'),
    key: file('HYPER_CACHE_CERTIFICATE_KEY'),
  };
  return {
    host: hostname,
    port: Number(port || 6379),
    db: Number(pathname.slice(1) || 0),
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    tls: protocol === 'rediss:' ? tls : undefined,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    disableClientInfo: true,
  };
}

// What all names of the fleet begin with: where nothing is said, those of the compiler.
function prefixOf({ HYPER_PROJECT, HYPER_FLEET }) {
  return `hyper:${HYPER_PROJECT || 'hyper'}:${HYPER_FLEET || 'fleet'}`;
}

function keyring(text) {
  return text
    .split(',')
    .filter(Boolean)
    .map((part) => part.trim().split(':'))
    .map(([id, hex]) => ({ id, secret: Buffer.from(hex, 'hex') }));
}

async function main(paths) {
  const { HYPER_QUEUE_URL, HYPER_CACHE_URL, HYPER_CACHE_KEYS } = process.env;
  const prefix = prefixOf(process.env);
  let connection;
  let trouble;
  try {
    connection = new IORedis(place(HYPER_QUEUE_URL || HYPER_CACHE_URL));
    connection.on('error', (error) => { trouble = error; });
    const files = Object.fromEntries(paths.map((path) => [path, fs.readFileSync(path, 'utf8')]));
    const keys = keyring(HYPER_CACHE_KEYS || '');
    const result = await Promise.race([check(connection, prefix, keys, files), late()]);
    console.log(JSON.stringify(result));
    return result.success ? 0 : 1;
  } catch (error) {
    console.error(`no answer: ${error.message}${trouble ? ` (${trouble.message})` : ''}`);
    return 2;
  } finally {
    if (connection) connection.disconnect();
  }
}

module.exports = { check, keyring, place, prefixOf, read, signature, write };

if (require.main === module) {
  main(process.argv.slice(2)).then((code) => process.exit(code));
}
