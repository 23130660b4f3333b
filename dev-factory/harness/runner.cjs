'use strict';

/**
 * Runs one case against one tool in a process of its own and tells what came
 * out. It is never given what should come out; the factory compares.
 *
 * Standard input:  {"tool", "modules", "case", "nonce"}
 * Last line of standard output:  NONCE {"returned"|"exit"|"threw"|"load"|"missing", ...}
 */

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { fakeDeps } = require('./fakes.js');

const COMMAND_LIMIT_MS = 10000;
const OUTPUT_LIMIT = 16 * 1024 * 1024;
const STACK_LIMIT = 2000;

process.env.TZ = 'UTC';
// What tells a test from a shipped tool; Node.js has read its own long ago.
const packages = process.env.NODE_PATH;
for (const name of ['NODE_ENV', 'CI', 'JEST_WORKER_ID', 'NODE_PATH']) delete process.env[name];
const request = JSON.parse(fs.readFileSync(0, 'utf8'));
const tool = fs.realpathSync(request.tool);
const finish = answerOnce(request.nonce);

/** The only way out: writes the marked line once and ends the process. */
function answerOnce(nonce) {
  const { writeSync } = fs;
  const exit = process.exit.bind(process);
  const { stringify } = JSON;
  return (answer) => {
    const line = Buffer.from(`\n${nonce} ${stringify(answer)}\n`);
    for (let sent = 0; sent < line.length;) {
      try {
        sent += writeSync(1, line, sent);
      } catch (error) {
        if (error.code !== 'EAGAIN') exit(1);
      }
    }
    exit(0);
  };
}

/** First place in the sources that a stack names, such as `src/x.js:18`. */
function place(stack) {
  const start = `${tool}${path.sep}`;
  for (const part of String(stack).split(start).slice(1)) {
    const found = /^(src[^:\n]*\.js):(\d+)/.exec(part);
    if (found) return `${found[1].split(path.sep).join('/')}:${found[2]}`;
  }
  return undefined;
}

function describe(error) {
  if (error === null || typeof error !== 'object') return { name: 'NotAnError', message: String(error) };
  return { name: String(error.name), message: String(error.message), at: place(error.stack) };
}

function asJson(value) {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

function load() {
  try {
    return request.modules.map((file) => require(path.join(tool, file)));
  } catch (error) {
    const stack = String((error && error.stack) || '').split(tool + path.sep).join('');
    return finish({ load: { ...describe(error), stack: stack.slice(0, STACK_LIMIT) } });
  }
}

function exported(modules, name) {
  const owner = modules.find((exports) => Object.hasOwn(Object(exports), name) && typeof exports[name] === 'function');
  return owner ? owner[name] : finish({ missing: name });
}

async function callFunction(work, given, args) {
  const world = fakeDeps(given);
  const returned = asJson(await work(...args, world.deps));
  return { returned, files: world.files() };
}

async function callMain(work, given, argv, stdin) {
  const world = fakeDeps(given, stdin);
  const exit = await work(argv, world.deps);
  if (!Number.isInteger(exit)) throw new TypeError(`main resolved to ${exit}, not to an exit code`);
  return { exit, stdout: world.stdout(), stderr: world.stderr(), files: world.files() };
}

/** Real files can stand for the given ones: no clock, web or names, and no path leaves the folder. */
function fitsRealBin(given) {
  const kept = Object.keys(given.files || {}).every((name) => {
    return !path.isAbsolute(name) && !path.normalize(name).startsWith('..');
  });
  return kept && given.now === undefined && given.http === undefined && given.dns === undefined;
}

function readBack(root, below = '') {
  const found = {};
  for (const entry of fs.readdirSync(path.join(root, below), { withFileTypes: true })) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) Object.assign(found, readBack(root, name));
    else if (entry.isFile()) found[name] = fs.readFileSync(path.join(root, name), 'utf8');
  }
  return found;
}

function runBin(given, argv, stdin) {
  const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'case-')));
  try {
    for (const [name, text] of Object.entries(given.files || {})) {
      fs.mkdirSync(path.dirname(path.join(scratch, name)), { recursive: true });
      fs.writeFileSync(path.join(scratch, name), text);
    }
    const env = { PATH: process.env.PATH, HOME: scratch, TZ: 'UTC', ...given.env };
    delete env.NODE_OPTIONS;
    // A shipped tool has what it requires in a folder of its own.
    if (packages) env.NODE_PATH = packages;
    const [script] = fs.readdirSync(path.join(tool, 'bin')).filter((name) => name.endsWith('.js'));
    const ended = spawnSync(process.execPath, [path.join(tool, 'bin', script), ...argv], {
      cwd: scratch,
      env,
      input: stdin,
      encoding: 'utf8',
      timeout: COMMAND_LIMIT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_LIMIT,
    });
    if (ended.error) return { threw: { name: ended.error.code || 'Error', message: ended.error.message } };
    if (ended.signal) return { threw: { name: 'Killed', message: `ended by ${ended.signal}` } };
    const { status: exit, stdout, stderr } = ended;
    return { exit, stdout, stderr, files: readBack(scratch), at: place(stderr) };
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

async function run() {
  const { call, args = [], cli, stdin = '', given = {} } = request.case;
  const modules = load();
  const work = exported(modules, call || 'main');
  if (call) return callFunction(work, given, args);
  return fitsRealBin(given) ? runBin(given, cli, stdin) : callMain(work, given, cli, stdin);
}

const failed = (error) => finish({ threw: describe(error) });
process.on('uncaughtException', failed);
process.on('unhandledRejection', failed);
process.on('beforeExit', () => finish({ threw: { name: 'Unfinished', message: 'the call never came back' } }));
for (const name of Object.keys(console)) {
  if (typeof console[name] === 'function') console[name] = () => {};
}
require('./setup.locked.cjs');
run().then(finish, failed);
