/**
 * Stryker's settings for one pass over a copy of a tool, which it changes in
 * place. The working folder is the copy; everything else lies outside it.
 * A change that makes a test run longer than its time and a quarter, plus a second
 * (more where all tests took longer just now), is given up and tells nothing.
 */
import { createRequire } from 'module';
import { fileURLToPath } from 'url';

const locked = createRequire(import.meta.url)('./jest.locked.cjs');

export default {
  inPlace: true,
  mutate: ['src/**/*.js'],
  testRunner: 'jest',
  plugins: ['@stryker-mutator/jest-runner', fileURLToPath(new URL('./mutants.locked.mjs', import.meta.url))],
  jest: {
    projectType: 'custom',
    config: { ...locked, rootDir: process.cwd() },
    enableFindRelatedTests: false,
  },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 1000,
  timeoutFactor: 1.25,
  reporters: ['mutants'],
  checkers: [],
  disableTypeChecks: false,
  allowConsoleColors: false,
  allowEmpty: true,
  thresholds: { high: 100, low: 0, break: null },
};
