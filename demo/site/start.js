/* The first script of every page, a plain one in <head>: what has to happen before the page is drawn. */
import { isolatePage } from 'pocketphi/isolation';
import { restoreTheme } from './theme.js';

restoreTheme();
/* Scripts of a built site are in one folder below its root; so is this one. */
isolatePage(new URL('../sw.js', document.currentScript.src).href);
