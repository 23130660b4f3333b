'use strict';

// Made by the factory from the examples of the spec; do not edit.

const { fakeDeps } = require('./fakes.js');

const MODULES = /*MODULES*/[];
const CASES = /*CASES*/[];

const loaded = MODULES.map((file) => require(`../${file}`));

function exported(name) {
  const owner = loaded.find((exports) => typeof exports[name] === 'function');
  if (!owner) throw new Error(`no file in src exports ${name}`);
  return owner[name];
}

function asJson(value) {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

async function thrownBy(work) {
  try {
    await work();
  } catch (error) {
    return error instanceof Error || (error && error.message) ? `${error.name}: ${error.message}` : String(error);
  }
  return 'nothing was thrown';
}

async function checkFunction(example, world) {
  const call = async () => exported(example.call)(...(example.args || []), world.deps);
  if (example.throws === undefined) {
    expect(asJson(await call())).toEqual(asJson(example.expect));
  } else {
    expect(await thrownBy(call)).toContain(example.throws);
  }
}

async function checkCommand(example, world) {
  const exit = await exported('main')([...example.cli], world.deps);
  const expected = { exit: example.exit === undefined ? 0 : example.exit };
  const received = { exit };
  for (const stream of ['stdout', 'stderr']) {
    if (example[stream] === undefined) continue;
    expected[stream] = example[stream];
    received[stream] = world[stream]();
  }
  expect(received).toEqual(expected);
}

for (const example of CASES) {
  test(`${example.id} ${example.rule}`, async () => {
    const world = fakeDeps(example.given, example.stdin);
    await (example.cli ? checkCommand : checkFunction)(example, world);
    const after = world.files();
    const received = {};
    for (const name of Object.keys(example.files || {})) {
      received[name] = Object.hasOwn(after, name) ? after[name] : null;
    }
    expect(received).toEqual(example.files || {});
  });
}
