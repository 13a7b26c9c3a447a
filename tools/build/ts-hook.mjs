/* Lets Node 20 import .ts files: `node --import ./tools/build/ts-hook.mjs file.ts`. Types are erased by esbuild,
 * file by file, so that import.meta.url and stack traces stay those of the source. */
import { register } from 'node:module';

register('./ts-loader.mjs', import.meta.url);
