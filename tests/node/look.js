// Prints a job as a Node program sees it: `node look.js QUEUE ID`, with the environment of producer.js.
'use strict';

const IORedis = require('ioredis');
const { Queue } = require('bullmq');
const { place, prefixOf } = require('./producer.js');

async function main(name, id) {
  const { HYPER_QUEUE_URL, HYPER_CACHE_URL } = process.env;
  const connection = new IORedis(place(HYPER_QUEUE_URL || HYPER_CACHE_URL));
  const queue = new Queue(name, { connection, prefix: prefixOf(process.env), skipVersionCheck: true });
  try {
    const job = await queue.getJob(id);
    const { data, opts, returnvalue, failedReason } = job;
    console.log(JSON.stringify({ id: job.id, name: job.name, state: await job.getState(), data, opts, returnvalue, failedReason }));
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

main(...process.argv.slice(2));
