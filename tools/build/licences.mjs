/* licences.txt: what others wrote and a build has bundled, each with its licence, which must come along. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../setup/workspace.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
const IN_PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/* Compiled into the engine; the text of the licence is that of this package's LICENSE but for the names. */
export const RUNTIME_LICENCES = `Emscripten's runtime
MIT licence. Copyright (c) 2010-2014 Emscripten authors, see its AUTHORS file.

musl, Emscripten's C library
MIT licence. Copyright (c) 2005-2020 Rich Felker, et al.

stb_image, the decoder of JPEG, PNG, GIF and BMP in pocketphi-pixels.wasm
MIT licence or public domain. Copyright (c) 2017 Sean Barrett
`;

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${name} ${version}\n${[`Licence: ${license}`, ...texts].join('\n\n')}\n`;
}

/** Of every package that has a part in bundles, by esbuild's metafiles; sorted, once each. */
export function licencesOf(metafiles) {
  const parts = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const folders = new Set(
    parts
      .map(([path]) => IN_PACKAGE.exec(path)?.[1])
      .filter((folder) => folder !== undefined)
      .map((folder) => join(REPOSITORY, folder))
      .filter((folder) => existsSync(join(folder, 'package.json'))),
  );
  return [...folders].map(licenceOf).sort();
}

export function joinLicences(licences) {
  return licences.join(`\n${'-'.repeat(80)}\n\n`);
}
