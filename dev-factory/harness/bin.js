#!/usr/bin/env node
'use strict';

// Made by the factory: the real clock, files, names and web for main() of src/cli.js.

const dns = require('dns').promises;
const fs = require('fs').promises;
const path = require('path');

const HTTP_LIMIT_MS = 10000;
const CRASHED = 70;

let input = null;

async function readStdin() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function inFolder(name, work) {
  await fs.mkdir(path.dirname(name), { recursive: true });
  await work();
}

async function http(method, url, { headers, body } = {}) {
  try {
    const signal = AbortSignal.timeout(HTTP_LIMIT_MS);
    const answer = await fetch(url, { method, headers, body, signal });
    return { status: answer.status, body: await answer.text() };
  } catch (error) {
    const cause = error.cause || error;
    const code = error.name === 'TimeoutError' ? 'ETIMEDOUT' : cause.code || 'EFAILED';
    throw Object.assign(new Error(cause.message || error.message), { code });
  }
}

const deps = {
  now: () => Date.now(),
  env: { ...process.env },
  stdin: () => (input = input || readStdin()),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  fs: {
    read: (name) => fs.readFile(name, 'utf8'),
    write: (name, text) => inFolder(name, () => fs.writeFile(name, text)),
    append: (name, text) => inFolder(name, () => fs.appendFile(name, text)),
    list: async (dir) => (await fs.readdir(dir)).sort(),
    exists: (name) => fs.access(name).then(() => true, () => false),
    remove: (name) => fs.unlink(name),
  },
  http,
  dns: async (host) => (await dns.lookup(host, { all: true })).map((entry) => entry.address),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
};

// A reader that goes away, such as `head`, ends the tool quietly.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : CRASHED));
}

async function start() {
  const { main } = require('../src/cli.js');
  const code = await main(process.argv.slice(2), deps);
  if (!Number.isInteger(code)) throw new TypeError(`main resolved to ${code}, not to an exit code`);
  process.exitCode = code;
}

start().catch((error) => {
  process.stderr.write(`${(error && error.stack) || error}\n`);
  process.exitCode = CRASHED;
});
