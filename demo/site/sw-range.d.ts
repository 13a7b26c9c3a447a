/* Types of sw-range.js. */
export function parseRange(
  header: string | null,
  bytes: number,
): readonly [number, number] | null | undefined;
export function partOf(request: Request, whole: Response): Promise<Response>;
