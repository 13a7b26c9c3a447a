/* npm run check: what must hold before a commit, without building: format, lint, types, layers, style, and that
 * generated files are fresh. */
import { join } from 'node:path';
import { ensureProgram } from '../setup/debs.mjs';
import { runMain, say } from '../setup/report.mjs';
import { ensureNodeModules, nodeProgram, REPOSITORY } from '../setup/workspace.mjs';
import { listUnformatted } from './c-sources.mjs';
import { checkGenerated } from './generators.mjs';
import { Tally } from './tally.mjs';

const TYPE_PROJECTS = ['tsconfig.json', 'tests/tsconfig.json'];

await runMain(async () => {
  const tally = new Tally();
  const start = Date.now();
  const at = { cwd: REPOSITORY };
  await tally.suite('format and lint of TypeScript and JavaScript', async () => {
    ensureNodeModules();
    await tally.check(
      'biome',
      nodeProgram('biome'),
      ['ci', '--colors=off', '--max-diagnostics=30', '.'],
      at,
    );
  });
  await tally.suite('format of C', async () => {
    const files = listUnformatted();
    for (const file of files) say(`  ${file}: not formatted`);
    const failures = files.length > 0 ? [`format of C: ${files.length} files; npm run format`] : [];
    tally.add(files.length > 0 ? 0 : 1, failures);
  });
  await tally.suite('types', async () => {
    ensureNodeModules();
    for (const project of TYPE_PROJECTS) {
      await tally.check(`tsc ${project}`, nodeProgram('tsc'), ['-p', project, '--noEmit'], at);
    }
  });
  await tally.suite('layers and style', async () => {
    const python = ensureProgram('python3').file;
    for (const name of ['check_layers.py', 'check_style.py']) {
      await tally.check(
        name,
        python,
        [join('tools/check', name), ...(name === 'check_style.py' ? ['--columns'] : [])],
        at,
      );
    }
  });
  await tally.suite('generated files are fresh', () => checkGenerated(tally));
  if (!tally.report(Date.now() - start)) process.exitCode = 1;
});
