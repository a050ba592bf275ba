/** What page.ts loads with the first request for the page. */
export { pageDescription, pageState } from './page-data.ts';
export { pageHtml } from './page-html.ts';
export { PAGE_SCRIPT } from './page-script.ts';
export { PAGE_STYLE } from './page-style.ts';
