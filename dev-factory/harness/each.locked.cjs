'use strict';

/**
 * Around each test: one that carries out no expect() fails, wherever the words
 * stand in its text, and so does one that catches what a matcher throws.
 */
const failures = [];

function failed(error) {
  failures.push(error);
  throw error;
}

/** The matchers of one expect(), each reporting its failure besides throwing it. */
function watched(matchers) {
  return new Proxy(matchers, {
    get(target, name) {
      const found = target[name];
      if (typeof found !== 'function') return found && typeof found === 'object' ? watched(found) : found;
      return (...args) => {
        try {
          const outcome = found(...args);
          if (outcome && typeof outcome.then === 'function') outcome.then(undefined, (error) => failures.push(error));
          return outcome;
        } catch (error) {
          return failed(error);
        }
      };
    },
  });
}

function settle() {
  const [first] = failures.splice(0);
  if (first) throw first;
}

globalThis.expect = new Proxy(expect, {
  apply: (target, self, args) => watched(target(...args)),
});
beforeEach(() => expect.hasAssertions());
afterEach(settle);
afterAll(settle);
