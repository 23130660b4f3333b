'use strict';

/**
 * Jest settings for one run over one tool. The file lies outside the tool's
 * folder, so no code under test can change what counts:
 *   jest --config jest.locked.cjs --rootDir TOOL --ci --silent --json --outputFile REPORT \
 *        --coverage --coverageDirectory DIR
 * with TOOL as working folder, because Jest looks for a package.json upwards from there.
 */
const path = require('path');

process.env.TZ = 'UTC';

module.exports = {
  roots: ['<rootDir>'],
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/examples.test.js', '<rootDir>/test/dev/**/*.test.js'],
  testPathIgnorePatterns: [],
  moduleFileExtensions: ['js', 'json'],
  setupFiles: [path.join(__dirname, 'setup.locked.cjs')],
  setupFilesAfterEnv: [path.join(__dirname, 'each.locked.cjs')],
  transform: {},
  collectCoverageFrom: ['<rootDir>/src/**/*.js'],
  coveragePathIgnorePatterns: [],
  coverageProvider: 'babel',
  coverageReporters: ['json-summary', 'json'],
  restoreMocks: true,
  testTimeout: 5000,
  cache: false,
  maxWorkers: 1,
  watchman: false,
  haste: { forceNodeFilesystemAPI: true, enableSymlinks: false },
};
