/* npm run bench [-- arguments of tests/bench/run.mjs]: builds what is measured, then runs the benchmark. */
import { join } from 'node:path';
import { runMain, runShown } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';
import { buildAll } from './build.mjs';
import { buildNative } from './native.mjs';

await runMain(async () => {
  const args = process.argv.slice(2);
  if (!args.includes('--help')) {
    buildNative('native-release');
    await buildAll();
  }
  process.exitCode = runShown(
    process.execPath,
    [join(REPOSITORY, 'tests/bench/run.mjs'), ...args],
    { cwd: REPOSITORY },
  );
});
