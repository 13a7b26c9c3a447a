/* Where the site lies: scripts of a built site are in one folder below its root, as this file is below demo/. */

export const SITE_ROOT = new URL('../', import.meta.url);

/** The absolute address of a path from the root: '' is the front page, 'chat/' the chat. */
export const siteUrl = (path) => new URL(path, SITE_ROOT).href;
