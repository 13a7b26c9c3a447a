/* Types of conformance.mjs, for the tests. */
export interface ConformanceResult {
  readonly group: string;
  readonly name: string;
  /** What it failed with; absent when it passed. */
  readonly failure?: string;
  /** Why it is expected to fail. */
  readonly departure?: string;
  /** Why it may fail for now. */
  readonly pending?: string;
}

export function conformanceTable(results: {
  readonly window: readonly ConformanceResult[];
  readonly worker: readonly ConformanceResult[];
}): string;

export function withTable(doc: string, table: string): string;
