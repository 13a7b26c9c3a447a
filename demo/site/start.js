/* The first script of every page, a plain one in <head>: what has to happen before the page is drawn. */
import { restoreTheme } from './theme.js';

restoreTheme();
