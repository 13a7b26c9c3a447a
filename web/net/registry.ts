/* The family's models by a short name: where a public GGUF file is, and what it takes. Only what was verified is
 * here; null is what was not. */

export type ModelState =
  /** Runs in this build. */
  | 'works'
  /** Its weights exceed what wasm32 addresses. */
  | 'needs memory64'
  /** Its blocks are not implemented. */
  | 'planned';

export interface RegistryModel {
  readonly id: string;
  /** Shown to people. */
  readonly name: string;
  /** general.architecture of its GGUF files; null where no conversion exists. */
  readonly architecture: string | null;
  /** owner/repository/path on the hub; null: no file is recorded, the caller gives the URL of a conversion. */
  readonly hf: string | null;
  /** Of that file. */
  readonly bytes: number | null;
  readonly needs: {
    /** Packed weights in memory, to three digits, of a 4-bit file unless the name says otherwise. */
    readonly weightBytes: number;
    /** The cache of keys and values in f16: layers x kv heads x head dimension x 4. */
    readonly kvBytesPerToken: number;
  };
  /** Tokens. */
  readonly contextLength: number;
  /** SPDX. */
  readonly licence: string;
  readonly state: ModelState;
}

const MINI_KV = 32 * 32 * 96 * 4;
const SMALL_KV = 32 * 8 * 128 * 4;
const MEDIUM_KV = 40 * 10 * 128 * 4;

export const MODELS: readonly RegistryModel[] = [
  {
    id: 'phi-3-mini-4k-q4',
    name: 'Phi-3-mini-4k-instruct, Q4_K_M',
    architecture: 'phi3',
    hf: 'microsoft/Phi-3-mini-4k-instruct-gguf/Phi-3-mini-4k-instruct-q4.gguf',
    /* Its tensors take 2,392,493,568; the length of the header in front of them is not recorded. */
    bytes: null,
    needs: { weightBytes: 2_440_000_000, kvBytesPerToken: MINI_KV },
    contextLength: 4096,
    licence: 'MIT',
    state: 'works',
  },
  {
    id: 'phi-3-mini-4k-f16',
    name: 'Phi-3-mini-4k-instruct, F16',
    architecture: 'phi3',
    /* Published beside the Q4_K_M file; its name and length are not verified. */
    hf: null,
    bytes: null,
    needs: { weightBytes: 7_640_000_000, kvBytesPerToken: MINI_KV },
    contextLength: 4096,
    licence: 'MIT',
    state: 'needs memory64',
  },
  {
    id: 'phi-3-mini-128k',
    name: 'Phi-3-mini-128k-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 2_440_000_000, kvBytesPerToken: MINI_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'works',
  },
  {
    id: 'phi-3.5-mini',
    name: 'Phi-3.5-mini-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 2_440_000_000, kvBytesPerToken: MINI_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'works',
  },
  {
    id: 'phi-4-mini',
    name: 'Phi-4-mini-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 2_600_000_000, kvBytesPerToken: SMALL_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'works',
  },
  {
    id: 'phi-3-medium-4k',
    name: 'Phi-3-medium-4k-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 8_600_000_000, kvBytesPerToken: MEDIUM_KV },
    contextLength: 4096,
    licence: 'MIT',
    state: 'needs memory64',
  },
  {
    id: 'phi-3-medium-128k',
    name: 'Phi-3-medium-128k-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 8_600_000_000, kvBytesPerToken: MEDIUM_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'needs memory64',
  },
  {
    id: 'phi-4',
    name: 'Phi-4 (14B)',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 9_000_000_000, kvBytesPerToken: MEDIUM_KV },
    contextLength: 16_384,
    licence: 'MIT',
    state: 'needs memory64',
  },
  {
    id: 'phi-3-small-8k',
    name: 'Phi-3-small-8k-instruct',
    architecture: null,
    hf: null,
    bytes: null,
    /* 4-bit matrices in groups of 32 and the tied table in f16, as for those below. */
    needs: { weightBytes: 4_980_000_000, kvBytesPerToken: SMALL_KV },
    contextLength: 8192,
    licence: 'MIT',
    state: 'planned',
  },
  {
    id: 'phi-3-small-128k',
    name: 'Phi-3-small-128k-instruct',
    architecture: null,
    hf: null,
    bytes: null,
    needs: { weightBytes: 4_980_000_000, kvBytesPerToken: SMALL_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'planned',
  },
  {
    id: 'phi-3-vision',
    name: 'Phi-3-vision-128k-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    /* The text model as Phi-3-mini; CLIP and the projector (325,533,696 parameters) in Q8_0. */
    needs: { weightBytes: 2_790_000_000, kvBytesPerToken: MINI_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'works',
  },
  {
    id: 'phi-3.5-vision',
    name: 'Phi-3.5-vision-instruct',
    architecture: 'phi3',
    hf: null,
    bytes: null,
    needs: { weightBytes: 2_790_000_000, kvBytesPerToken: MINI_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'works',
  },
  {
    id: 'phi-3.5-moe',
    name: 'Phi-3.5-MoE-instruct',
    architecture: 'phimoe',
    hf: null,
    bytes: null,
    needs: { weightBytes: 23_500_000_000, kvBytesPerToken: SMALL_KV },
    contextLength: 131_072,
    licence: 'MIT',
    state: 'planned',
  },
];

export function findModel(id: string): RegistryModel | undefined {
  return MODELS.find((model) => model.id === id);
}
