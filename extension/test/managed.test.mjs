// What IT's browser policy may say: the renderer of policies (manifests/fleet) refuses what the extension would drop.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {usable} from '../shared/managed.js';

/** refused: the files of policies cannot hold it, the extension takes it. @type {{name: string, settings: Record<string, unknown>, drops?: string, refused?: string}[]} */
const vectors = JSON.parse(readFileSync(new URL('../../manifests/fleet/testdata/settings.json', import.meta.url), 'utf8'));

test('there are settings of both outcomes', () => {
  assert.ok(vectors.filter(({drops}) => drops).length > 15);
  assert.ok(vectors.filter(({drops}) => !drops).length > 5);
});

for (const {name, settings, drops} of vectors) {
  test(`settings: ${name}`, () => {
    const kept = {...settings};
    if (drops) delete kept[drops];
    assert.deepEqual(usable(settings), kept);
  });
}
