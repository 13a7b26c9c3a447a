/* Scripts that write committed files; with --check each fails when its file is stale. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureProgram } from '../setup/debs.mjs';
import { say } from '../setup/report.mjs';
import { REPOSITORY } from '../setup/workspace.mjs';

const GENERATORS = [
  'tools/build/gen_abi.mjs',
  'tools/build/gen_unicode.py',
  'tools/docs/machines.mjs',
];

export async function checkGenerated(tally) {
  for (const generator of GENERATORS) {
    if (!existsSync(join(REPOSITORY, generator))) {
      say(`  no ${generator} yet`);
      continue;
    }
    const program = generator.endsWith('.py') ? ensureProgram('python3').file : process.execPath;
    await tally.check(`${generator} --check`, program, [generator, '--check'], { cwd: REPOSITORY });
  }
}
