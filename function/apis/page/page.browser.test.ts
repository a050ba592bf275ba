// The converter, and what the page is with one model, in a real Chromium.
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import {
  PHONE,
  skip,
  startBrowser,
  type Visit,
  violationsOf,
  visit as visitPage,
  WIDE,
  widthOf,
} from '../../testing/browser.ts';
import { startServer } from '../../testing/whole-server.ts';

t.setTimeout(120_000); // as .taprc has it, for a run by node alone too
t.test('the page in a browser', { skip }, async (t) => {
  const { url, runId } = await startServer(t);
  const browser = await startBrowser(t);
  const visit = (name: string, options: Omit<Visit, 'at'>, test: (t: Test, page: Page) => Promise<void>) =>
    t.test(name, (t) => visitPage(t, browser, { at: url, ...options }, (page) => test(t, page)));

  const answerIs = (page: Page, text: string) =>
    page.locator('output', { hasText: new RegExp(`^${text}$`) }).waitFor();
  const noteOf = (page: Page) => page.locator('#by').textContent();

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const viewport of [WIDE, PHONE]) {
      visit(
        `${colorScheme}, ${viewport.width} px: converts, fits, is accessible`,
        { colorScheme, viewport },
        async (t, page) => {
          const reply = page.waitForResponse(`${url}/celsius`);
          await page.getByLabel('Fahrenheit').fill('98.6');
          await page.getByRole('button', { name: 'Convert' }).click();
          await answerIs(page, '37');
          const answeredBy = (await reply).headers()['x-run-id'];
          t.equal(answeredBy, runId);
          t.match(await noteOf(page), new RegExp(`^answered by ${answeredBy} in [\\d.]+ ms$`));
          t.equal(await page.locator('#run-id').textContent(), runId);
          t.match(
            await page.locator('.curl').textContent(),
            `${url}/celsius`,
            "the example has the page's own address",
          );
          t.equal(await widthOf(page), viewport.width, 'nothing scrolls sideways');
          const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
          const [red = 0] = /\d+/.exec(paper)?.map(Number) ?? [];
          t.equal(red > 128, colorScheme === 'light', paper);
          t.same(await violationsOf(page), []);
        },
      );
    }
  }

  visit('by keyboard alone, and what has the focus is seen', {}, async (t, page) => {
    await page.keyboard.press('Tab');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('-40');
    await page.keyboard.press('Enter');
    await answerIs(page, '-40');
    await page.keyboard.type('0');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await answerIs(page, '-240');
    await page.keyboard.press('Shift+Tab');
    const stops = await page
      .locator('input, button, a, textarea, [tabindex="0"]')
      .filter({ visible: true })
      .count();
    for (let stop = 0; stop < stops; stop++) {
      const ring = await page.evaluate(
        "getComputedStyle(document.activeElement.closest('.quantity') ?? document.activeElement).outlineStyle",
      );
      t.equal(ring, 'solid', `stop ${stop}`);
      await page.keyboard.press('Tab');
    }
  });

  visit(
    'without JavaScript the server writes the answer into the page',
    { javaScriptEnabled: false },
    async (t, page) => {
      await page.getByLabel('Fahrenheit').fill('212');
      await page.getByRole('button', { name: 'Convert' }).click();
      await page.waitForURL(`${url}/?fahrenheit=212`);
      t.equal(await page.locator('output').textContent(), '100');
      t.equal(await page.getByLabel('Fahrenheit').inputValue(), '212');
    },
  );

  const expected = [/status of 503/, /status of 502/]; // Chromium's own words
  visit('what goes wrong is said in place of an answer', { expected }, async (t, page) => {
    const answers = [
      {
        name: 'a refusal',
        fulfill: { status: 503, json: { error: 'too many rows are waiting' } },
        note: /^too many rows/,
      },
      { name: 'no JSON', fulfill: { status: 502, body: '<html>' }, note: /JSON/ },
    ];
    for (const { name, fulfill, note } of answers) {
      await page.route('**/celsius', (route) => route.fulfill(fulfill));
      await page.getByLabel('Fahrenheit').press('Enter');
      await page.locator('#by', { hasText: note }).waitFor();
      t.equal(await page.locator('output.failed').textContent(), '—', name);
      await page.unroute('**/celsius');
    }
    await page.getByLabel('Fahrenheit').press('Enter');
    await answerIs(page, '100');
    t.equal(await page.locator('output.failed').count(), 0, 'the next answer takes it away');
  });

  visit('an answer of another process is told', {}, async (t, page) => {
    const headers = { 'x-run-id': 'another' };
    await page.route('**/celsius', (route) => route.fulfill({ json: { celsius: 100 }, headers }));
    await page.getByLabel('Fahrenheit').press('Enter');
    await answerIs(page, '100');
    t.match(await noteOf(page), /^answered by another, another process than the one that sent this page in /);
  });

  visit('the last question is the one that is answered', {}, async (t, page) => {
    const first = Promise.withResolvers<void>();
    await page.route('**/celsius', async (route) => {
      if (route.request().postData()?.includes('212')) await first.promise;
      await route.continue().catch(() => {}); // the first was given up by then
    });
    await page.getByLabel('Fahrenheit').press('Enter');
    await page.getByLabel('Fahrenheit').fill('32');
    await page.getByLabel('Fahrenheit').press('Enter');
    await answerIs(page, '0');
    first.resolve();
    await page.unrouteAll({ behavior: 'wait' });
    t.equal(await page.locator('output').textContent(), '0');
  });

  visit('nothing moves where less motion is asked for', { reducedMotion: 'reduce' }, async (t, page) => {
    t.equal(
      await page.evaluate("getComputedStyle(document.querySelector('button')).transitionDuration"),
      '0s',
    );
  });
});
