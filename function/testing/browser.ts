// The page in a real Chromium: that of CHROMIUM, or /usr/bin/chromium.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';

const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Why there are no tests in a browser here; false where there are. */
export const skip = existsSync(executablePath)
  ? false
  : `no Chromium at ${executablePath}; install it, or name one by CHROMIUM`;

const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const PHONE = { width: 320, height: 640 };
export const WIDE = { width: 1200, height: 900 };

/** Starts it; it ends with the test. */
export async function startBrowser(t: Test): Promise<Browser> {
  const root = process.getuid?.() === 0; // Chromium's sandbox does not run as root
  const browser = await chromium.launch({
    executablePath,
    args: [...QUIET, ...(root ? ['--no-sandbox'] : [])],
  });
  t.teardown(() => browser.close());
  return browser;
}

export interface Visit extends BrowserContextOptions {
  /** The page's address. */
  readonly at: string;
  /** What is to be said on the console. */
  readonly expected?: readonly RegExp[];
}

/** One test on the page: nothing else may be said on the console, nothing be asked of another host. */
export async function visit(
  t: Test,
  browser: Browser,
  { at, expected = [], ...options }: Visit,
  test: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  t.teardown(() => context.close());
  const page = await context.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(new URL(at).origin) && !url.startsWith('data:')) said.push(url);
  });
  await page.goto(at);
  await test(page);
  t.match(said, expected, 'no error, no policy violation, no request to elsewhere');
  t.equal(said.length, expected.length);
}

/** What axe finds at fault. */
export async function violationsOf(page: Page): Promise<unknown[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.map(({ id, nodes }) => [id, nodes[0]?.html]);
}

/** How wide the page is, in CSS pixels: more than its window where it scrolls sideways. */
export const widthOf = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth');
