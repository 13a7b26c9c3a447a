/* What a download gives and needs: chunks of one file, checked, in roughly ascending order. Whoever takes them stores them
 * and feeds the engine; this side knows neither. */

/** What a server says of a file; two answers with different identities are two different files. */
export interface FileIdentity {
  /** undefined when the server does not say (no length, or a compressed answer). */
  readonly bytes: number | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export interface ChunkSink {
  /** Before the first byte: which file it is. Throwing here stops the download (does not fit, quota). `isResumed`: it is the
   * file that `known` described, so that chunks held from an earlier visit still count; otherwise they must be forgotten. */
  begin(identity: FileIdentity, isResumed: boolean): Promise<void>;
  /** A whole chunk, its hash already compared with the manifest's where there is one. The bytes are the sink's until it
   * resolves; until then at most `parallel` others are under way. */
  chunk(index: number, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void>;
  /** The start of a chunk, when the download ends before it is whole (cancelled or failed): worth keeping for resuming. */
  partial(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The server's file changed while it was read: everything so far is void; begin() comes again. */
  restart(): Promise<void>;
  /** Bytes came over the network, or (negative) were thrown away to be fetched again. */
  progress(bytes: number): void;
}
