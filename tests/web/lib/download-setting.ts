/* A download between a misbehaving server and a recording sink, in a time of its own. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { EngineError, type ErrorCode } from '../../../web/base/errors.ts';
import { type DownloadTask, downloadFile } from '../../../web/net/download.ts';
import { type Ask, type BadServer, type Deed, openBadServer } from './bad-server.ts';
import { FakeSurroundings } from './fake-surroundings.ts';
import { makeFile, RecordingSink } from './recording-sink.ts';

export const CHUNK = 10_000;
/** Seven chunks, the last one short. */
export const FILE = makeFile(6 * CHUNK + 4321);

export class Setting {
  readonly file: Buffer;
  readonly server: BadServer;
  readonly sink = new RecordingSink();
  readonly surroundings = new FakeSurroundings();
  /** "<ms> <reason>" of every wait. */
  readonly told: string[] = [];

  private constructor(file: Buffer, server: BadServer) {
    this.file = file;
    this.server = server;
  }

  static async open(
    t: TestContext,
    behave?: (ask: Ask) => Deed | undefined,
    file: Buffer = FILE,
  ): Promise<Setting> {
    const server = await openBadServer(file, behave);
    t.after(() => server.close());
    return new Setting(file, server);
  }

  /** "first-last" of every request so far, in order. */
  get ranges(): string[] {
    return this.server.asks.map(({ range }) =>
      range === undefined ? '-' : `${range.first}-${range.last ?? ''}`,
    );
  }

  download(changes: Partial<DownloadTask> = {}): Promise<{ bytes: number }> {
    return downloadFile({
      url: this.server.url,
      chunkBytes: CHUNK,
      parallel: 4,
      patience: 4,
      sink: this.sink,
      surroundings: this.surroundings,
      onWait: (ms, reason) => this.told.push(`${ms} ${reason}`),
      ...changes,
    });
  }

  /** Downloads, and the result is the file. */
  async succeeds(changes: Partial<DownloadTask> = {}): Promise<void> {
    assert.deepEqual(await this.download(changes), { bytes: this.file.length });
    this.checkResult();
    await this.checkQuiet();
  }

  checkResult(): void {
    assert.ok(this.sink.whole().equals(this.file), 'the result differs from the file');
  }

  /** Fails with this code and text, and nothing is left behind. */
  async fails(
    code: ErrorCode,
    text: RegExp,
    changes: Partial<DownloadTask> = {},
  ): Promise<EngineError> {
    const error = await this.download(changes).then(
      () => assert.fail('the download should have failed'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    await this.checkQuiet();
    return error;
  }

  /** No request goes on, no alarm is set, nothing is with the sink. */
  async checkQuiet(): Promise<void> {
    await this.server.idle();
    assert.equal(this.surroundings.alarms, 0, 'an alarm is still set');
    assert.equal(this.sink.live, 0, 'a chunk is still with the sink');
  }
}

/** Resolves when `signal` says so; for servers and sinks that wait. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
