// Builds the npm package of the SDK into the folder given (build/sdk): each entry one minified module, beside its types.
import {copyFileSync, mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sdk = join(root, 'extension', 'sdk');

/** @param {string} target */
export async function buildSDK(target) {
  rmSync(target, {recursive: true, force: true});
  mkdirSync(target, {recursive: true});
  for (const name of ['cardbridge', 'double']) {
    await build({
      entryPoints: [join(sdk, `${name}.js`)], outfile: join(target, `${name}.js`), bundle: true, minify: true, format: 'esm', target: 'es2022',
      charset: 'utf8', legalComments: 'none', logLevel: 'warning', banner: {js: '/* CardBridge SDK, Apache-2.0 */'},
      // One class of errors for both, so that instanceof holds whoever threw it.
      external: name === 'double' ? ['./cardbridge.js'] : [],
    });
  }
  for (const name of ['cardbridge.d.ts', 'double.d.ts', 'package.json', 'README.md']) copyFileSync(join(sdk, name), join(target, name));
  copyFileSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSDK(process.argv[2] ?? join(root, 'build', 'sdk'));
