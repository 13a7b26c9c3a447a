/* Bounds of the web layer, each with its reason. What C bounds itself (vocabulary, context, stop strings) is not here. */

/** wasm32: what MAXIMUM_MEMORY of the module allows. */
export const HEAP_BYTES_MAX = 4 * 2 ** 30;
/** Room for what a plan does not count: code's data, stacks, allocator slack, arguments. */
export const HEAP_SLACK_BYTES = 24 * 2 ** 20;
/** Threads that 'auto' takes at most: memory bandwidth is used up by then. */
export const AUTO_THREADS_MAX = 8;
/** PHI_LIMIT_THREADS. */
export const THREADS_MAX = 64;
/** First read of a file: most headers without a vocabulary fit; the engine then says how much it wants. */
export const HEADER_BYTES_FIRST = 1 << 20;
/** A gap in the file that is read and thrown away rather than asked for anew: about one round trip's worth. */
export const SKIP_BYTES_MAX = 1 << 20;
/** Piece of a Blob that is read at once, while the piece before it is being packed. */
export const BLOB_PIECE_BYTES = 4 << 20;
/** Progress reports are at least this far apart. */
export const PROGRESS_MS = 100;
/** The worker looks at its messages at least this often while it computes. */
export const BREATH_MS = 8;
/** Chat templates: the source; any value on the way, in characters and items; steps, heavy values counting more. The
 * template of a tool-using model takes some thousand steps for a long conversation. */
export const TEMPLATE_BYTES_MAX = 1 << 20;
export const TEMPLATE_WEIGHT_MAX = 1 << 23;
export const TEMPLATE_WORK_MAX = 2_000_000;
/** Choices of one request (`n`), as OpenAI has it. */
export const CHOICES_MAX = 128;
