/* Bounds of the web layer, each with its reason. Not here: what C bounds itself (vocabulary, context, stop strings). */

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
/** Piece of a Blob that is read at once, while the piece before it is being packed. */
export const BLOB_PIECE_BYTES = 4 << 20;
/** Progress reports are at least this far apart. */
export const PROGRESS_MS = 100;
/** The worker looks at its messages at least this often while it computes. */
export const BREATH_MS = 8;
/** How long a thread's crash waits for the event that says why, before the page is told without. */
export const THREAD_REPORT_MS = 250;
/** Chat templates: the source; any value on the way, in characters and items; steps, of which operations on large
 * values take many. A conversation of a million characters in a thousand messages takes half of the limit, which is
 * reached in less than half a second. */
export const TEMPLATE_BYTES_MAX = 1 << 20;
export const TEMPLATE_WEIGHT_MAX = 1 << 23;
export const TEMPLATE_WORK_MAX = 1_000_000;
/** Texts of one embedding request, as OpenAI has it. */
export const EMBEDDING_INPUTS_MAX = 2048;
/** Choices of one request (`n`), as OpenAI has it. */
export const CHOICES_MAX = 128;
/** A chunk is held in memory whole while it arrives and is hashed; a few of this size are what a phone can spare. */
export const CHUNK_BYTES_MAX = 64 * 2 ** 20;
/** Half as much again as the family's largest model in bf16 (Phi-3.5-MoE, 84 GB): a greater length is a mistake. */
export const FILE_BYTES_MAX = 2 ** 37;
/** What a connection reads at a time: fits a core's second-level cache, from where it is copied to its chunk. */
export const PIECE_BYTES = 512 * 1024;
/** A download that has come this far at this pace (1.6 Gbit/s) gains nothing by more connections. */
export const FAST_BYTES = 32 * 2 ** 20;
export const FAST_BYTES_PER_MS = 200_000;
/** Connections of one download: browsers open six to a host over HTTP/1.1, and the page wants some itself. */
export const CONNECTIONS_DEFAULT = 4;
export const CONNECTIONS_MAX = 16;
/** Attempts without progress before a download gives up: with the waits between them, about half a minute. */
export const PATIENCE_DEFAULT = 8;
/** Waits between attempts: anything from 0 to the base, doubled at each failure up to the cap. */
export const RETRY_BASE_MS = 500;
export const RETRY_CAP_MS = 30_000;
/** A server may ask for an hour's patience; a user would think that the page hangs, so it is asked again before. */
export const RETRY_AFTER_MS_MAX = 300_000;
/** A connection on which nothing came for so long is taken for dead: TCP itself would wait for many minutes. */
export const SILENCE_MS_MAX = 30_000;
/** A file that changed under so many downloads in a row is being written to. */
export const RESTARTS_MAX = 3;
/** Manifests: the text holds one hash of 67 bytes a chunk, 16 000 for the greatest file in chunks of 8 MiB. */
export const MANIFEST_BYTES_MAX = 4 * 2 ** 20;
export const MANIFEST_TEXT_MAX = 1 << 20;
/** PHI_LIMIT_SPLITS: files of one split model. */
export const MANIFEST_FILES_MAX = 1024;
/** Smaller chunks would make more hashes than a manifest holds, and more requests than a server likes. */
export const MANIFEST_CHUNK_BYTES_MIN = 1 << 16;
/** Chunks that weights are stored and hashed in: large enough to be read at full speed, small enough to be fetched
 * again (docs/decisions/0006-what-is-stored.md). */
export const CHUNK_BYTES_DEFAULT = 16 << 20;
/** A model's files, split ones counted one by one. */
export const MODEL_FILES_MAX = 1024;
/** Characters of a model's id. */
export const MODEL_ID_MAX = 2048;
/** What probe() lets the kernels run for: long enough for the browser's optimising compiler, short enough to wait
 * for. */
export const MEASURE_MS = 100;
/** Bytes between the network and their packed place while a model loads: with the engine's own 4 MiB the loader waits
 * for the packers more often (Phi-3-mini on two cores: 5.6 s to ready, 4.6 s with this). */
export const STAGING_BYTES = 16 << 20;
/** Of pictures that stay encoded though no session has them: some thirty photos in four crops of Phi-3.5-vision. */
export const PICTURE_CACHE_BYTES = 256 * 2 ** 20;
/** Texts of a session that may come while a picture waits for the one that it was encoded for: streams are begun in any
 * order, and a request that came to nothing must not hold memory for ever. */
export const AWAITED_TEXTS_MAX = 8;
/** Of pictures that stay prepared on the page for the next question about them. */
export const PREPARED_CACHE_BYTES = 64 * 2 ** 20;
/** A picture's file. PHI_LIMIT_PICTURE_PIXELS is what its pixels may be. */
export const PICTURE_FILE_BYTES_MAX = 64 * 2 ** 20;
export const PICTURE_PIXELS_MAX = 64_000_000;
/** Frames of one video part. */
export const VIDEO_FRAMES_MAX = 64;
