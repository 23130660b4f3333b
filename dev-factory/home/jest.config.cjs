'use strict';

/**
 * Jest settings of the whole monorepo: `npm test` runs every shipped tool.
 * The factory itself tests one tool at a time with a stricter file of its own.
 */
process.env.TZ = 'UTC';

module.exports = {
  roots: ['<rootDir>/tools'],
  testEnvironment: 'node',
  testMatch: ['<rootDir>/tools/*/test/**/*.test.js'],
  passWithNoTests: true,
  transform: {},
  coverageProvider: 'babel',
  collectCoverageFrom: ['tools/*/src/**'],
  coverageDirectory: '<rootDir>/node_modules/.cache/coverage',
  coverageThreshold: {
    global: { statements: 100, branches: 100, functions: 100, lines: 100 },
  },
};
