/* Types of serve.mjs, for tests that are written in TypeScript. */
export interface ServeOptions {
  port?: number | undefined;
  host?: string;
  isolated?: boolean;
  /** Folders beside / (the site) and /dist/, or instead of them: prefix (with both slashes) → folder. */
  folders?: Record<string, string>;
  /** Single files: path → file. */
  files?: Record<string, string>;
  /** Sent with every answer. */
  headers?: Record<string, string>;
}

export interface Served {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export function serve(options?: ServeOptions): Promise<Served>;
export function serveOnUsualPort(options: ServeOptions): Promise<Served>;
export const SERVE_HELP: string;
export function parseServeArguments(args: readonly string[]): ServeOptions & {
  isolated: boolean;
  isHelp: boolean;
  files: Record<string, string>;
};
