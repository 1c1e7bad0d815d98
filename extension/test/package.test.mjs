// The SDK as it is published: built, packed, installed in a project of its own, used from JavaScript and TypeScript.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, mkdirSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {buildSDK} from '../tools/build-sdk.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');
let folder;
let built;
let project;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cardbridge-sdk-'));
  built = join(folder, 'package');
  await buildSDK(built);
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {cwd: built});
  project = join(folder, 'project');
  mkdirSync(join(project, 'node_modules', '@cardbridge'), {recursive: true});
  execFileSync('tar', ['xf', join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))), '-C', folder]);
  symlinkSync(built, join(project, 'node_modules', '@cardbridge', 'sdk'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({name: 'project', private: true, type: 'module'}));
});
after(() => rmSync(folder, {recursive: true, force: true}));

const node = (code) => {
  writeFileSync(join(project, 'run.mjs'), code);
  return execFileSync(process.execPath, ['run.mjs'], {cwd: project, encoding: 'utf8'}).trim();
};

test('below 6 KiB gzipped, one file, no dependency, nothing a strict CSP forbids', () => {
  const code = readFileSync(join(built, 'cardbridge.js'));
  assert.ok(gzipSync(code, {level: 9}).length < 6 * 1024, `${gzipSync(code, {level: 9}).length} bytes`);
  assert.doesNotMatch(code.toString(), /\bimport\s*[({"']|\beval\(|new Function|innerHTML|\.style\b/);
  const {dependencies, version} = JSON.parse(read('extension/sdk/package.json'));
  assert.equal(dependencies, undefined);
  assert.equal(version, JSON.parse(read('extension/manifest.json')).version);
  assert.deepEqual(readdirSync(built).toSorted(), ['LICENSE', 'README.md', 'cardbridge.d.ts', 'cardbridge.js', 'double.d.ts', 'double.js', 'package.json']);
});

test('types and exports name the same things', () => {
  writeFileSync(join(project, 'names.ts'), `
    import * as sdk from '@cardbridge/sdk';
    import {createDouble, CODES, errorOf} from '@cardbridge/sdk/double';
    const double = createDouble();
    const same: typeof sdk = double.sdk;
    export async function use(): Promise<string> {
      if (!(await same.isAvailable())) return 'none';
      const {certificates, problems} = await same.certificates({kinds: ['citizen']});
      const {signature} = await same.sign({title: 't', content: 'c'}, {hash: 'SHA-384', signal: AbortSignal.timeout(9), onProgress: (state, share) => void [state, share]});
      const {items} = await same.signBatch([{title: 't', content: new Blob(['c'])}]);
      same.addEventListener('cardinserted', ({reader, state}) => void [reader, state], {signal: AbortSignal.timeout(9)});
      same.addEventListener('error', ({error}) => void error.hint['zh-TW']);
      same.configure({install: [{part: 'host', system: 'windows', href: 'https://portal.example/host.msi'}]});
      double.script('authenticate', {error: 'userCancelled'}, {pending: true});
      double.reader('empty');
      const failure: sdk.CardBridgeError = errorOf(CODES[0]);
      return [certificates[0].holder, problems[0].texts.en.message, signature, items[0].error?.code, failure.install?.href].join();
    }
    // @ts-expect-error a kind that does not exist
    void same.certificates({kinds: ['passport']});
  `);
  const options = {strict: true, noEmit: true, module: 'esnext', moduleResolution: 'bundler', target: 'es2023', lib: ['es2023', 'dom'], types: []};
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({compilerOptions: options, files: ['names.ts']}));
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', project], {stdio: 'inherit'});
  const declared = [...read('extension/sdk/cardbridge.d.ts').matchAll(/^export (?:function|class) (\w+)/gm)].map(([, name]) => name);
  const exported = JSON.parse(node(`import * as sdk from '@cardbridge/sdk'; import {createDouble} from '@cardbridge/sdk/double';
    console.log(JSON.stringify([Object.keys(sdk).sort(), Object.keys(createDouble().sdk).sort()]));`));
  assert.deepEqual(exported, [[...new Set(declared)].toSorted(), [...new Set(declared)].toSorted()]);
});

test('the README\'s code runs against the double', () => {
  const [[, login]] = read('extension/sdk/README.md').matchAll(/```js\n([^]*?)```/g);
  assert.match(login, /authenticate\(nonce/);
  const body = login.replace(/import .*\n/, '');
  const said = node(`
    import {createDouble} from '@cardbridge/sdk/double';
    import {CardBridgeError} from '@cardbridge/sdk';
    const double = createDouble();
    const {authenticate} = double.sdk;
    const posted = [], shown = [];
    let click;
    const button = {addEventListener: (_, listener) => { click = listener; }};
    const show = (...words) => shown.push(words);
    globalThis.fetch = async (path, {body}) => { if (body) posted.push(JSON.parse(body)); return {json: async () => ({nonce: 'n'.repeat(44)})}; };
    ${body}
    double.script('authenticate', {error: 'userCancelled'});
    await click();
    await click();
    console.log(JSON.stringify({shown, posted: posted.map(({format}) => format), calls: double.calls.length}));
  `);
  const {shown, posted, calls} = JSON.parse(said);
  assert.deepEqual([posted, calls], [['web-eid:1.0'], 2]);
  assert.equal(shown[0][2], 'userCancelled');
});

test('every piece of code in docs/sdk.md runs, against the double', () => {
  const blocks = [...read('docs/sdk.md').matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
  assert.ok(blocks.length >= 5);
  writeFileSync(join(project, 'doubled.mjs'), `
    import {createDouble} from '@cardbridge/sdk/double';
    export const double = createDouble();
    export const {authenticate, sign, signBatch, status, isAvailable, configure, addEventListener, CardBridgeError} = double.sdk;
    globalThis.shown = [];
    globalThis.posted = [];
    Object.assign(globalThis, {nonce: 'n'.repeat(44), file: new Blob(['file']), show: (...words) => shown.push(words), post: async (...what) => { posted.push(what); }});
    double.script('status', {result: {allowed: true, code: 'noModule'}}, {error: 'hostNotInstalled'});
  `);
  for (const code of blocks) {
    const out = node(`import './doubled.mjs';\n${code.replaceAll("'@cardbridge/sdk'", "'./doubled.mjs'")}\nconsole.log(JSON.stringify([shown, posted]));`);
    const [shown, posted] = JSON.parse(out);
    assert.ok(shown.length + posted.length > 0 || /addEventListener/.test(code), code);
  }
});
