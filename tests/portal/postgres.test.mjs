// The main paths once more, on PostgreSQL.
import {after, before, beforeEach} from 'node:test';
import {bin, start} from '../world/process.mjs';
import {mainPaths} from './paths.mjs';
import {startVisit} from './visit.mjs';

let cluster;
let visit;
before(async () => {
  cluster = await start(bin('pgrig'), []);
  visit = await startVisit({portal: {database: cluster.ready.url}});
});
after(async () => {
  await visit?.stop();
  await cluster?.stop();
});
beforeEach(async () => { await visit.begin(); });

mainPaths(() => visit, '9');
