/* Where the engine's files are: beside this package's entry file, where a bundler put them, or where the page says. */
import type { Variant } from '../base/detect.ts';
import type { ModuleFiles } from '../worker/protocol.ts';

/** A build of the engine, or what the worker fetches with the first picture or the first Hugging Face folder. */
type Part = Variant | 'pixels' | 'import';
type Files = readonly [script: URL, wasm: URL];

/* Bundlers recognise exactly these expressions: they emit the files and put in their new names. */
const BUNDLED: Readonly<Record<Part, () => Files>> = {
  'simd128-st': () => [
    new URL('./pocketphi-simd128-st.js', import.meta.url),
    new URL('./pocketphi-simd128-st.wasm', import.meta.url),
  ],
  'simd128-mt': () => [
    new URL('./pocketphi-simd128-mt.js', import.meta.url),
    new URL('./pocketphi-simd128-mt.wasm', import.meta.url),
  ],
  'relaxed-st': () => [
    new URL('./pocketphi-relaxed-st.js', import.meta.url),
    new URL('./pocketphi-relaxed-st.wasm', import.meta.url),
  ],
  'relaxed-mt': () => [
    new URL('./pocketphi-relaxed-mt.js', import.meta.url),
    new URL('./pocketphi-relaxed-mt.wasm', import.meta.url),
  ],
  pixels: () => [
    new URL('./pocketphi-pixels.js', import.meta.url),
    new URL('./pocketphi-pixels.wasm', import.meta.url),
  ],
  import: () => [
    new URL('./pocketphi-import.js', import.meta.url),
    new URL('./pocketphi-import.wasm', import.meta.url),
  ],
};

/** `folder`: that of the files under their own names, when the page says where it is. */
export function moduleFiles(part: Part, folder: URL | undefined): ModuleFiles {
  const [script, wasm] =
    folder === undefined
      ? BUNDLED[part]()
      : [`pocketphi-${part}.js`, `pocketphi-${part}.wasm`].map((name) => new URL(name, folder));
  return { script: String(script), wasm: String(wasm) };
}
