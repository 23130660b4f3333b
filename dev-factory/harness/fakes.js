'use strict';

/**
 * The world a case describes, held in memory: files, clock, names and web.
 * Made by the factory; the same file serves the tests and the held-out cases.
 */

const path = require('path');

/** The clock of a case that does not say what time it is: 2026-01-01T00:00:00Z. */
const DEFAULT_NOW = 1767225600000;

function failure(code, message) {
  return Object.assign(new Error(message), { code });
}

/** One spelling for each path: `./a//b` is `a/b`, the working folder is ``. */
function key(name) {
  const clean = path.posix.normalize(String(name)).replace(/(.)\/$/, '$1');
  return clean === '.' ? '' : clean;
}

function fakeFs(files) {
  const children = (dir) => {
    const prefix = dir === '' || dir === '/' ? dir : `${dir}/`;
    const below = [...files.keys()].filter((name) => name.startsWith(prefix) && name !== prefix);
    return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0]))].filter(Boolean).sort();
  };
  const isDir = (name) => name === '' || children(name).length > 0;
  const missing = (verb, name) => failure('ENOENT', `ENOENT: no such file or directory, ${verb} '${name}'`);
  const write = (name, text) => {
    if (isDir(key(name))) throw failure('EISDIR', `EISDIR: illegal operation on a directory, open '${name}'`);
    files.set(key(name), String(text));
  };

  return {
    async read(name) {
      if (files.has(key(name))) return files.get(key(name));
      if (isDir(key(name))) throw failure('EISDIR', 'EISDIR: illegal operation on a directory, read');
      throw missing('open', name);
    },
    async write(name, text) {
      write(name, text);
    },
    async append(name, text) {
      write(name, (files.get(key(name)) || '') + text);
    },
    async list(dir) {
      if (files.has(key(dir))) throw failure('ENOTDIR', `ENOTDIR: not a directory, scandir '${dir}'`);
      if (!isDir(key(dir))) throw missing('scandir', dir);
      return children(key(dir));
    },
    async exists(name) {
      return files.has(key(name)) || isDir(key(name));
    },
    async remove(name) {
      if (!files.delete(key(name))) throw missing('unlink', name);
    },
  };
}

/**
 * Builds the dependencies of one case.
 *
 * @param {{now?: number|string, env?: object, files?: object, http?: object, dns?: object}} [given]
 * @param {string} [stdin] what the tool reads from standard input
 * @returns {{deps: object, stdout: () => string, stderr: () => string, files: () => object}}
 */
function fakeDeps(given = {}, stdin = '') {
  const files = new Map(Object.entries(given.files || {}).map(([name, text]) => [key(name), text]));
  const web = given.http || {};
  const names = given.dns || {};
  const start = given.now === undefined ? DEFAULT_NOW : given.now;
  let now = typeof start === 'string' ? Date.parse(start) : start;
  let stdout = '';
  let stderr = '';

  const deps = {
    now: () => now,
    env: { ...given.env },
    stdin: async () => stdin,
    out: (text) => void (stdout += text),
    err: (text) => void (stderr += text),
    fs: fakeFs(files),
    async http(method, url) {
      const answer = Object.hasOwn(web, `${method} ${url}`) ? web[`${method} ${url}`] : 'ECONNREFUSED';
      if (typeof answer === 'string') throw failure(answer, `connect ${answer} ${url}`);
      return { status: answer.status, body: answer.body === undefined ? '' : answer.body };
    },
    async dns(host) {
      const answer = Object.hasOwn(names, host) ? names[host] : 'ENOTFOUND';
      if (typeof answer === 'string') throw failure(answer, `getaddrinfo ${answer} ${host}`);
      return [...answer];
    },
    async sleep(ms) {
      now += ms;
    },
  };
  return { deps, stdout: () => stdout, stderr: () => stderr, files: () => Object.fromEntries(files) };
}

module.exports = { fakeDeps };
