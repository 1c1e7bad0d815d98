// The address of updates.xml: the renderer of policies (manifests/fleet) refuses what the packer does.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import test from 'node:test';
import {updateAddress} from '../tools/address.mjs';

/** @type {{address: string, fits: boolean}[]} */
const vectors = JSON.parse(readFileSync(new URL('../../manifests/fleet/testdata/addresses.json', import.meta.url), 'utf8'));

test('there are addresses of both outcomes', () => {
  assert.ok(vectors.filter(({fits}) => fits).length > 10);
  assert.ok(vectors.filter(({fits}) => !fits).length > 50);
});

for (const {address, fits} of vectors) {
  test(`address: ${JSON.stringify(address)}`, () => {
    if (fits) assert.equal(updateAddress(address).href, address);
    else assert.throws(() => updateAddress(address), /plain address|https alone/);
  });
}
