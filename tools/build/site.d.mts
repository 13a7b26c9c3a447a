/* Types of site.mjs, for tests that are written in TypeScript. */
export interface SiteFolders {
  demo?: string;
  dist?: string;
  out?: string;
}

export function buildSite(folders?: SiteFolders): Promise<{ version: string }>;
export function listFiles(folder: string): string[];
