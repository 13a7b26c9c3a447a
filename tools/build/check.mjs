/* npm run check: what must hold before a commit, without building: format, lint, types, layers, style, and that
 * generated files are fresh. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureProgram } from '../setup/debs.mjs';
import { runMain, say } from '../setup/report.mjs';
import { ensureNodeModules, nodeProgram, REPOSITORY } from '../setup/workspace.mjs';
import { ensureClangFormat, listCSources } from './c-sources.mjs';
import { Tally } from './tally.mjs';

/* A generator writes files that are committed; with --check it fails when they are stale. */
const GENERATORS = ['tools/gen_abi.mjs'];
const TYPE_PROJECTS = ['tsconfig.json', 'tests/tsconfig.json'];

await runMain(async () => {
  const tally = new Tally();
  const start = Date.now();
  const at = { cwd: REPOSITORY };
  await tally.suite('format and lint of TypeScript and JavaScript', async () => {
    ensureNodeModules();
    await tally.check('biome', nodeProgram('biome'), ['ci', '.'], at);
  });
  await tally.suite('format of C', async () => {
    const { file, env } = ensureClangFormat();
    await tally.check('clang-format', file, ['--dry-run', '--Werror', ...listCSources()], {
      ...at,
      env,
    });
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
      await tally.check(name, python, [join('tools/check', name)], at);
    }
  });
  await tally.suite('generated files are fresh', async () => {
    for (const generator of GENERATORS) {
      if (existsSync(join(REPOSITORY, generator)))
        await tally.check(generator, process.execPath, [generator, '--check'], at);
      else say(`  no ${generator} yet`);
    }
  });
  if (!tally.report(Date.now() - start)) process.exitCode = 1;
});
