// How fast Chromium stores weights and gives them back into shared wasm memory, in each form that a browser offers:
// records of IndexedDB by size and by way of reading, files of the origin private file system, and web/store itself.
//
//   node tests/bench/storage-forms.mjs [--mib 512] [--rounds 5] [group...]
//
// The profile is a fresh one on disk; what is read was just written, so that the system's page cache has it.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { openPage } from './lib/browser.mjs';
import { describeMachine } from './lib/machine.mjs';
import { startServer } from './lib/server.mjs';
import { median } from './lib/stats.mjs';
import { formatTable } from './lib/table.mjs';

const BENCH = path.dirname(fileURLToPath(import.meta.url));
const MIB = 2 ** 20;
const SIZES_MIB = [4, 8, 16, 32, 64];
const WORKERS_MAX = 4;
const BLOB_PATHS = [
  'blob.arrayBuffer()',
  'FileReaderSync',
  'blob.stream()',
  'Response(blob).arrayBuffer()',
  'fetch of an object URL',
  'synchronous XMLHttpRequest',
];

const blobWrite = (mib, more = {}) => ({
  step: { name: 'idb-write', path: 'Blob', chunkMib: mib, durability: 'default', ...more },
});
const idbRead = (mib, way, more = {}) => ({
  step: { name: 'idb-read', path: way, chunkMib: mib, ...more },
});

const slicedRead = (name, sliceMib, way) => ({
  step: { name, path: way, chunkMib: 16, sliceMib },
});
const opfs = (name, mib, more) => ({ step: { name, chunkMib: mib, ...more } });
const BYOB = 'blob.stream() BYOB';

/* Groups of rows {title, step, isOnce?}; a write comes before the reads of what it wrote. */
const GROUPS = {
  'idb-size': SIZES_MIB.flatMap((mib) => [
    { ...blobWrite(mib), title: `write Blob, ${mib} MiB` },
    ...['FileReaderSync', 'blob.arrayBuffer()', 'blob.stream()'].map((way) => ({
      ...idbRead(mib, way),
      title: `read ${way}, ${mib} MiB`,
    })),
  ]),
  'idb-path': [
    { ...blobWrite(16), title: 'write Blob, 16 MiB', isOnce: true },
    ...BLOB_PATHS.map((way) => ({ ...idbRead(16, way), title: `read ${way}` })),
    ...['blob.arrayBuffer()', 'blob.stream()'].flatMap((way) =>
      [2, 4].map((inFlight) => ({
        ...idbRead(16, way, { inFlight }),
        title: `read ${way}, ${inFlight} in flight`,
      })),
    ),
    ...[2, 4].map((nWorkers) => ({
      ...idbRead(16, 'FileReaderSync', { nWorkers }),
      title: `read FileReaderSync, ${nWorkers} workers`,
    })),
    ...[16, 64].map((mib) => ({
      ...slicedRead('idb-read-composed', mib, 'FileReaderSync'),
      title: `read one Blob of all, slices of ${mib} MiB, FileReaderSync`,
    })),
    ...[1, 4].map((mib) => ({
      ...slicedRead('idb-read-sliced', mib, 'FileReaderSync'),
      title: `read slices of ${mib} MiB, FileReaderSync`,
    })),
  ],
  'idb-byob': [
    { ...blobWrite(16), title: 'write Blob, 16 MiB', isOnce: true },
    ...[1 / 4, 1, 4, 16].map((pieceMib) => ({
      ...idbRead(16, BYOB, { pieceMib }),
      title: `read ${BYOB}, buffer of ${pieceMib * 1024} KiB`,
    })),
    { ...idbRead(16, BYOB, { inFlight: 2 }), title: `read ${BYOB}, 2 in flight` },
    { ...idbRead(16, BYOB, { nWorkers: 2 }), title: `read ${BYOB}, 2 workers` },
    { ...slicedRead('idb-read-composed', 512, BYOB), title: `read one Blob of all, ${BYOB}` },
    { ...slicedRead('idb-read-sliced', 4, BYOB), title: `read slices of 4 MiB, ${BYOB}` },
  ],
  'idb-write': [
    ...['relaxed', 'strict'].map((durability) => ({
      ...blobWrite(16, { durability }),
      title: `write Blob, 16 MiB, ${durability}`,
    })),
    { ...blobWrite(16, { path: 'ArrayBuffer' }), title: 'write ArrayBuffer, 16 MiB' },
    { ...blobWrite(16, { nWorkers: 2 }), title: 'write Blob, 16 MiB, 2 workers' },
  ],
  opfs: [
    ...SIZES_MIB.flatMap((mib) => [
      { ...opfs('opfs-write', mib, { flushes: true }), title: `write and flush, ${mib} MiB` },
      { ...opfs('opfs-write', mib, { flushes: false }), title: `write, one flush, ${mib} MiB` },
      { ...opfs('opfs-read', mib, { path: 'shared' }), title: `read, ${mib} MiB` },
    ]),
    { ...opfs('opfs-write', 16, { flushes: false }), title: 'write, one flush, 16 MiB, again' },
    { ...opfs('opfs-read', 16, { path: 'bounced' }), title: 'read through a buffer, 16 MiB' },
    ...['blob.arrayBuffer()', 'FileReaderSync', 'blob.stream()'].map((way) => ({
      ...opfs('opfs-read-blob', 16, { path: way }),
      title: `read slices of getFile(), 16 MiB, ${way}`,
    })),
    {
      ...opfs('opfs-write', 16, { flushes: true, fromShared: true, overwrites: true }),
      title: 'write from shared memory, 16 MiB',
    },
  ],
  store: [
    ...['opfs', 'indexeddb'].flatMap((kind) => [
      { step: { name: 'store-write', path: kind, chunkMib: 16 }, title: `${kind}: write` },
      { step: { name: 'store-read', path: kind, chunkMib: 16 }, title: `${kind}: read` },
    ]),
    { step: { name: 'hash', chunkMib: 16 }, title: 'SHA-256 of chunks, crypto.subtle' },
  ],
};

/* Chromium 156 hangs in it after some gigabytes. */
const ON_REQUEST = ['idb-byob'];

function parseOptions(args) {
  const options = { mib: 512, rounds: 5, groups: [] };
  const rest = [...args];
  while (rest.length > 0) {
    const arg = rest.shift();
    if (arg === '--mib' || arg === '--rounds') options[arg.slice(2)] = Number(rest.shift());
    else if (GROUPS[arg] !== undefined) options.groups.push(arg);
    else throw new Error(`unknown argument ${arg}; groups: ${Object.keys(GROUPS).join(', ')}`);
  }
  if (options.groups.length === 0) {
    options.groups = Object.keys(GROUPS).filter((name) => !ON_REQUEST.includes(name));
  }
  return options;
}

async function measureRow(page, { step, isOnce = false }, { mib, rounds }) {
  const { chunkMib, pieceMib = 1, sliceMib = 1, ...rest } = step;
  const totalBytes = mib * MIB;
  const wire = {
    ...rest,
    totalBytes,
    chunkBytes: chunkMib * MIB,
    sliceBytes: sliceMib * MIB,
    pieceBytes: pieceMib * MIB,
  };
  const rates = [];
  for (let round = 0; round < (isOnce ? 1 : rounds); round++)
    rates.push(totalBytes / 1e6 / (await page.call('run', wire)));
  return rates;
}

async function measureGroup(origin, name, options) {
  const page = await openPage(`${origin}/bench/pages/storage-forms.html`);
  const rows = [];
  try {
    await page.call('open', { mebibytes: options.mib, workersMax: WORKERS_MAX });
    for (const row of GROUPS[name]) {
      const rates = await measureRow(page, row, options).catch((error) => error);
      rows.push(
        rates instanceof Error
          ? [row.title, 'fails', rates.message.split('\n')[0].slice(0, 90)]
          : [row.title, median(rates).toFixed(3), rates.map((rate) => rate.toFixed(3)).join(' ')],
      );
      process.stderr.write(`${rows.at(-1).join('  ')}\n`);
    }
    return `${name} (${page.browser})\n\n${formatTable(['form', 'GB/s', 'rounds'], rows)}\n`;
  } finally {
    await page.close();
  }
}

const options = parseOptions(process.argv.slice(2));
const scripts = await mkdtemp(path.join(os.tmpdir(), 'pocketphi-bench-store-'));
await build({
  entryPoints: [path.join(BENCH, '../../web/store/open-store.ts')],
  outdir: scripts,
  bundle: true,
  format: 'esm',
  target: 'es2022',
});
const server = await startServer([
  { prefix: '/bench/', folder: BENCH },
  { prefix: '/store/', folder: scripts },
]);
try {
  const { cpu, cores, memoryGib } = describeMachine();
  process.stdout.write(`${cpu}, ${cores} cores, ${memoryGib} GiB; ${options.mib} MiB a step\n\n`);
  for (const name of options.groups)
    process.stdout.write(`${await measureGroup(server.origin, name, options)}\n`);
} finally {
  await server.close();
  await rm(scripts, { recursive: true, force: true });
}
