'use strict';

// Made by the factory: the exports of the real file, with every function broken.
// Tests that still pass with this file in place prove nothing.

const real = require('/*REAL*/');

function broken(name) {
  return function standIn() {
    throw Object.assign(new Error(`${name} was replaced by the factory`), { name: 'StandIn' });
  };
}

module.exports = typeof real === 'function' ? broken('module.exports') : {};
for (const [name, value] of Object.entries(real)) {
  module.exports[name] = typeof value === 'function' ? broken(name) : value;
}
