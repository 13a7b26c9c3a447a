/* The pages of this site, in the order of the header: those of the list that were built. */
import { pages } from 'site:build';

const ORDER = ['index', 'tutor', 'chat', 'summarise', 'vision', 'camera', 'models', 'bench'];

export const PAGES = ORDER.filter((page) => pages.includes(page));

/** From the site's root. */
export const pathOf = (page) => (page === 'index' ? '' : `${page}/`);
