/* npm run format: clang-format for C, biome for TypeScript, JavaScript and JSON. */
import { runMain, runShown, SetupError } from '../setup/report.mjs';
import { ensureNodeModules, nodeProgram, REPOSITORY } from '../setup/workspace.mjs';
import { ensureClangFormat, listCSources } from './c-sources.mjs';

await runMain(() => {
  ensureNodeModules();
  const { file, env } = ensureClangFormat();
  const codes = [
    runShown(file, ['-i', ...listCSources()], { cwd: REPOSITORY, env }),
    runShown(nodeProgram('biome'), ['check', '--write', '.'], { cwd: REPOSITORY }),
  ];
  if (codes.some((code) => code !== 0))
    throw new SetupError('not everything could be formatted (above)');
});
