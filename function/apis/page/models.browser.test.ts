// Any set of models on the page, in a real Chromium.
import { cp, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import {
  PHONE,
  skip,
  startBrowser,
  type Visit,
  violationsOf,
  visit as visitPage,
  widthOf,
} from '../../testing/browser.ts';
import { TestFolder } from '../../testing/models.ts';
import { fixture, startServer } from '../../testing/whole-server.ts';

t.setTimeout(120_000); // as .taprc has it, for a run by node alone too
t.test('many models in a browser', { skip }, async (t) => {
  const browser = await startBrowser(t);
  const visit = (name: string, options: Visit, test: (t: Test, page: Page) => Promise<void>) =>
    t.test(name, (t) => visitPage(t, browser, options, (page) => test(t, page)));
  const folder = await TestFolder.make(t);
  for (const version of ['1', '2', '3']) await put(folder, `shift/${version}`);
  await put(folder, 'broken/2');
  const config = (name: string, more = '') =>
    `config { name: "${name}" base_path: "${folder.path}/${name}" model_platform: "tensorflow" ${more} }`;
  const labelled = 'model_version_policy { all {} } version_labels { key: "stable" value: 1 }';
  const types = `config { name: "types" base_path: "${fixture('types')}" model_platform: "tensorflow" }`;
  await folder.write(
    'config',
    `model_config_list { ${config('shift', labelled)} ${config('broken')} ${config('gone')} ${types} }`,
  );
  const many = await startServer(t, { MODEL_CONFIG_FILE: join(folder.path, 'config') });
  const at = many.url;
  const statusIs = (page: Page, text: RegExp) => page.locator('#reply-status', { hasText: text }).waitFor();
  const send = (page: Page) => page.getByRole('button', { name: 'Send' }).click();

  visit('of several models each is listed, and how it stands', { at }, async (t, page) => {
    t.same(await page.locator('#models .name').allTextContents(), ['broken', 'gone', 'shift', 'types']);
    t.same(await page.locator('#models .what').allTextContents(), ['failed', 'failed', '3 of 3', '1']);
    t.equal(await page.locator('#count').textContent(), '2 of 4');
    await page.getByRole('link', { name: 'shift' }).click();
    t.match(page.url(), /#shift\/latest$/);
    await page.locator('#model', { hasText: 'shift' }).waitFor();
    t.same(await page.locator('#versions li').allTextContents(), [
      '3AVAILABLE',
      '2AVAILABLE',
      '1AVAILABLEstable',
    ]);
    await page.getByRole('link', { name: 'broken' }).click();
    await page.locator('#reasons', { hasText: 'saved_model.pb is damaged' }).waitFor();
    t.notOk(await page.locator('#request').isVisible(), 'nothing can be asked of it');
    await page.getByRole('link', { name: 'gone' }).click();
    await page.locator('#reasons', { hasText: 'no model folder' }).waitFor();
  });

  visit('a request is made, changed, sent and answered', { at: `${at}/#shift` }, async (t, page) => {
    t.equal(await page.locator('#path').textContent(), 'POST /v1/models/shift:predict');
    await send(page);
    await statusIs(page, /^200 OK · [\d.]+ ms · version 3 · \d+ B$/);
    t.equal(await page.locator('#reply').textContent(), '{\n  "predictions": [3]\n}');
    await page.locator('#versions a').last().click();
    await page.locator('#path', { hasText: 'POST /v1/models/shift/versions/1:predict' }).waitFor();
    t.notOk(await page.locator('#reply').isVisible(), 'the answer of another is gone');
    await page.locator('#body').fill('{"inputs": [9007199254740993, 1]}');
    await page.locator('#body').press('Control+Enter');
    await statusIs(page, /^200 OK .* version 1 /);
    await page.getByRole('button', { name: 'Reset' }).click();
    t.equal(await page.locator('#body').inputValue(), '{\n  "instances": [0]\n}');
  });

  visit('an address leads to a signature', { at: `${at}/#types/1/long` }, async (t, page) => {
    await page.locator('#signatures [aria-current]', { hasText: 'long' }).waitFor();
    t.equal(await page.title(), 'types · Celsiusify');
    const body = await page.locator('#body').inputValue();
    t.match(JSON.parse(body), { signature_name: 'long' });
    await page.getByRole('link', { name: 'serving_default' }).click();
    await page.locator('#tensors', { hasText: 'greeting' }).waitFor();
    t.match(page.url(), /#types\/1\/serving_default$/);
    await page.goBack();
    await page.locator('#signatures [aria-current]', { hasText: 'long' }).waitFor();
    t.equal(await page.locator('#body').inputValue(), body);
  });

  const refused = [/status of 400/];
  visit('a refusal is shown as it is', { at: `${at}/#types`, expected: refused }, async (t, page) => {
    await page.locator('#body').fill('{"instances": [');
    await send(page);
    await statusIs(page, /^400 Bad Request/);
    t.match(await page.locator('#reply').textContent(), /"error": "the body is not JSON/);
    t.equal(await page.locator('#reply-status.failed').count(), 1);
    await page.locator('#body').fill('{"instances": "<9000×9000 of 0>"}');
    await send(page);
    await statusIs(page, /too many to be sent/);
  });

  visit('what changes on the server changes on the page', { at }, async (t, page) => {
    await page.locator('#model', { hasText: 'broken' }).waitFor();
    await page.getByRole('link', { name: 'shift' }).click();
    await page.locator('#body').fill('{"instances": [40]}');
    await put(folder, 'shift/3', 'shift/4');
    await page.locator('#versions [aria-current]', { hasText: '4' }).waitFor();
    t.equal(await page.locator('#body').inputValue(), '{"instances": [40]}', 'what was typed stays');
    await page.locator('#path', { hasText: 'shift:predict' }).waitFor();
    await send(page);
    await statusIs(page, /version 4/);
  });

  const silent = [/status of 503/];
  visit(
    'a server that does not answer is told, and found again',
    { at, expected: silent },
    async (t, page) => {
      await page.route('**/page/state', (route) => route.fulfill({ status: 503, body: 'no' }), { times: 1 });
      await page.locator('#phase.silent', { hasText: 'no answer' }).waitFor();
      await page.locator('#phase.starting').waitFor();
      t.equal(await page.locator('#phase').textContent(), 'starting');
    },
  );

  visit('a page that is hidden asks nothing', { at }, async (t, page) => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.clock.install();
    await page.waitForResponse('**/page/state'); // from here on its timers are those of the test's clock
    await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
    asked.length = 0;
    await page.clock.runFor(600_000);
    t.same(asked, []);
    await page.evaluate(`Object.defineProperty(document, 'hidden', { value: false });
      document.dispatchEvent(new Event('visibilitychange'))`);
    await Promise.all([page.waitForRequest('**/page/state'), page.clock.runFor(1)]);
  });

  visit('without JavaScript the models are a table', { at, javaScriptEnabled: false }, async (t, page) => {
    t.notOk(await page.locator('#app').isVisible());
    await page.getByRole('row', { name: /^shift (?:4 AVAILABLE, )?3 AVAILABLE/ }).waitFor();
  });

  for (const [hash, text, colorScheme] of [
    ['#types/1/serving_default', 'greeting', 'dark'],
    ['#shift/1', 'serving_default', 'light'],
    ['#broken', 'damaged', 'dark'],
  ] as const) {
    const options = { viewport: PHONE, colorScheme, at: `${at}/${hash}` };
    visit(`on a phone, ${colorScheme}: ${hash} fits and is accessible`, options, async (t, page) => {
      await page.locator('article', { hasText: text }).waitFor();
      t.equal(await widthOf(page), PHONE.width);
      t.same(await violationsOf(page), []);
    });
  }
});

/** Copies a recorded model so that it appears whole. @param to e.g. `shift/1` */
async function put(folder: TestFolder, from: string, to = from): Promise<void> {
  const beside = join(folder.path, `.beside-${to.replace('/', '-')}`);
  await cp(join(fixture('tf-serving-models'), from), beside, { recursive: true });
  await mkdir(dirname(join(folder.path, to)), { recursive: true });
  await rename(beside, join(folder.path, to));
}
