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
 */

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
}

/** Takes members from `process`; in Jest it is a copy, which the process itself does not need to end. */
function disarm() {
  const names = ['getBuiltinModule', 'binding', '_linkedBinding', 'dlopen', 'mainModule', '_kill', 'kill', 'abort'];
  if (typeof jest === 'object') names.push('reallyExit');
  for (let owner = process; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of names) Reflect.deleteProperty(owner, name);
  }
}

disarm();
// In Jest `require` comes from the realm around the tests; here from this one, and the second lock finds it locked.
const around = Object.getPrototypeOf(require).constructor;
if (around !== Function && Object.getOwnPropertyDescriptor(Object.getPrototypeOf(require), 'constructor').configurable) {
  around(`(${lock})()`)();
}
lock();
