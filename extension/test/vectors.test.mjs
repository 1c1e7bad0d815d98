// The messages of protocol/vectors are accepted and refused here as they are by the host.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import test from 'node:test';
import {fromExtension, fromHost} from '../shared/envelope.js';

const folder = new URL('../../protocol/vectors/', import.meta.url);
const vectors = readdirSync(folder).filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
  .filter(({goOnly}) => !goOnly);

test('there are vectors of both sides and both outcomes', () => {
  for (const from of ['extension', 'host']) {
    for (const ok of [true, false]) {
      assert.ok(vectors.some((vector) => vector.from === from && vector.ok === ok), `none from ${from} with ok ${ok}`);
    }
  }
});

for (const {name, from, text, ok, error} of vectors) {
  test(`vector ${from}: ${name}`, () => {
    const check = {extension: fromExtension, host: fromHost}[from];
    assert.ok(check, `an unknown side: ${from}`);
    const message = JSON.parse(text);
    if (ok) check(message);
    else assert.throws(() => check(message), (thrown) => error === undefined || thrown.code === error || assert.fail(`${thrown.code ?? thrown}: ${thrown.message}`));
  });
}
