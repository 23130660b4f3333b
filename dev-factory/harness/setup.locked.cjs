'use strict';

/**
 * Runs before any file of a tool: once per test file in Jest, once in each
 * process of runner.cjs. The scan reads what a file says; this holds for what
 * only shows when it runs, such as a name put together from pieces.
 *
 *   1. No function leads to a maker of code from text.
 *   2. What tests, matchers and reports compare with cannot be changed. Date,
 *      Math, console and Error stay open: tests may stand in for them.
 *   3. `process` has no way back to modules and bindings.
 *   4. The modules a tool may require are those Jest works with: they cannot be changed.
 */

const WAYS_BACK = ['getBuiltinModule', 'binding', '_linkedBinding', 'dlopen', 'mainModule'];
const MODULES = [
  'path', 'url', 'util', 'assert', 'assert/strict', 'querystring', 'string_decoder', 'crypto', 'events', 'buffer', 'stream',
];

/** Locks the realm it runs in. Refers to nothing outside itself: its text is run in Jest's own realm too. */
function lock() {
  const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, getOwnPropertyNames, freeze } = Object;
  const functions = getPrototypeOf(lock);
  if (!getOwnPropertyDescriptor(functions, 'constructor').configurable) return;

  // An inherited property that cannot be written could not be set on heirs either; heirs get one of their own.
  const keep = (object, name, value) => {
    defineProperty(object, name, {
      get: freeze(() => value),
      set: freeze(function set(own) {
        if (this === object) throw new TypeError(`${name} may not be changed`);
        defineProperty(this, name, { value: own, writable: true, enumerable: true, configurable: true });
      }),
      enumerable: false,
      configurable: false,
    });
  };

  // Locks the methods of a class and of what it inherits; each heir may still have its own.
  const keepMethods = (prototype) => {
    for (let at = prototype; at && getPrototypeOf(at); at = getPrototypeOf(at)) {
      for (const name of getOwnPropertyNames(at)) {
        const { value, configurable } = getOwnPropertyDescriptor(at, name);
        if (configurable && typeof value === 'function' && name !== 'constructor') keep(at, name, value);
      }
    }
  };

  for (const kind of [function () {}, async function () {}, function* () {}, async function* () {}]) {
    const prototype = getPrototypeOf(kind);
    const { name } = prototype.constructor;
    const refuse = { [name]() { throw new TypeError('code cannot be made from text here'); } }[name];
    keep(prototype, 'constructor', freeze(defineProperty(refuse, 'prototype', { value: prototype })));
  }

  const owners = [Array, Map, Set, WeakMap, WeakSet, Promise, String, Number, Boolean, Symbol, RegExp, BigInt];
  for (const owner of owners) {
    freeze(owner);
    freeze(owner.prototype);
  }
  freeze(JSON);
  freeze(Object);
  for (const name of getOwnPropertyNames(Object.prototype)) {
    const { value } = getOwnPropertyDescriptor(Object.prototype, name);
    if (value === undefined) defineProperty(Object.prototype, name, { configurable: false });
    else keep(Object.prototype, name, value);
  }
  Object.preventExtensions(Object.prototype);
  return keepMethods;
}

/** Pins what an object holds; a getter stays, since some of Node's put their value in place when first read. */
function pin(part) {
  for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(part))) {
    if (configurable && value !== undefined) Object.defineProperty(part, name, { writable: false, configurable: false });
  }
}

/** Locks a module: what it gives out, and the methods of its classes. */
function shut(exported, keepMethods) {
  const { prototype, ...members } = Object.getOwnPropertyDescriptors(exported);
  for (const part of [exported, ...Object.values(members).map(({ value }) => value)]) {
    if (!part || !['object', 'function'].includes(typeof part)) continue;
    if (typeof part === 'function' && typeof part.prototype === 'object') keepMethods(part.prototype);
    pin(part);
  }
}

/** Takes members from `process`; in Jest it is a copy, which the process itself does not need to end. */
function disarm() {
  const names = [...WAYS_BACK, '_kill', 'kill', 'abort'];
  if (typeof jest === 'object') names.push('reallyExit');
  for (let owner = process; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of names) Reflect.deleteProperty(owner, name);
  }
}

disarm();
// In Jest `require` comes from the realm around the tests; here from this one, and the second lock finds it locked.
const around = Object.getPrototypeOf(require).constructor;
const open = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(require), 'constructor').configurable;
if (open) {
  const outside = around === Function ? process : around('return process')();
  for (const name of WAYS_BACK) Reflect.deleteProperty(outside, name);
  const keepMethods = around === Function ? lock() : around(`return (${lock})()`)();
  for (const name of MODULES) shut(require(name), keepMethods);
}
lock();
