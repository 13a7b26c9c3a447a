/* What a download gives and needs: chunks of one file, checked, in roughly ascending order. Whoever takes them stores
 * them and feeds the engine; this side knows neither. */

/** What a server says of a file; two answers with different identities are two different files. */
export interface FileIdentity {
  /** undefined when the server does not say (no length, or a compressed answer) and no manifest does. */
  readonly bytes: number | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** A method that throws or rejects ends the download with that error. */
export interface ChunkSink {
  /** Before the first chunk: which file it is. Throwing here stops the download (does not fit, quota). `isResumed`:
   * it is the file that `known` described, so that chunks held from an earlier visit still count; otherwise they
   * must be forgotten. */
  begin(identity: FileIdentity, isResumed: boolean): Promise<void>;
  /** A whole chunk, its hash already compared with the manifest's where there is one. The bytes are the sink's until
   * it settles (it may even transfer them); until then at most `parallel` + 1 others are under way, this method
   * being called for several of them. Not called any more once the download is cancelled or has failed. */
  chunk(index: number, bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<void>;
  /** The start of a chunk, when the download ends before it is whole and checked (cancelled or failed): worth keeping
   * for resuming, in place of what was kept. It may be all of the chunk; it has no bytes when what was kept is
   * damaged and to be forgotten. The bytes are the sink's until it settles; its failure is not reported. */
  partial(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The download was cancelled, has failed, or begins over: chunk() calls that are under way must settle soon, because
   * that waits for them. Called once for each attempt that ends so. */
  stopped(): void;
  /** The server's file changed while it was read: everything so far is void, progress too; begin() comes again. */
  restart(): Promise<void>;
  /** Bytes came over the network, or (negative) were thrown away to be fetched again; kept starts of chunks are
   * thrown away in the same way. So bytes held at the beginning plus all of these are the bytes held now. */
  progress(bytes: number): void;
}
