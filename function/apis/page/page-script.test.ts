// What the page's script does without a browser.
import { Script } from 'node:vm';
import t from 'tap';
import { bytesText, durationOf, hashOf, laidOut, selectionOf } from './browser/text.ts';
import { PAGE_SCRIPT } from './page-script.ts';

t.test('is a script as it stands, and ends no element', async (t) => {
  t.doesNotThrow(() => new Script(PAGE_SCRIPT));
  t.notMatch(PAGE_SCRIPT, /<\/script|<!--/i);
  t.ok(PAGE_SCRIPT.length < 40_000);
});

t.test('each function that is used is in it', async (t) => {
  const imported = [...PAGE_SCRIPT.matchAll(/(?<![.\w])function (\w+)/g)].map(([, name]) => name);
  for (const name of ['startPage', 'poll', 'element', 'laidOut', 'filled'])
    t.ok(imported.includes(name), name);
  t.notMatch(PAGE_SCRIPT, /\b(?:import|export|require)\b[ (]/);
});

t.test('addresses of the page name a model, a version and a signature', async (t) => {
  for (const [hash, model, version, signature, written = hash] of [
    ['#m/2/serving_default', 'm', '2', 'serving_default'],
    ['#m/latest/s', 'm', '', 's'],
    ['#m', 'm', '', '', '#m/latest'],
    ['#m/3', 'm', '3', ''],
    ['#a%2Fb/1/x%20y', 'a/b', '1', 'x y'],
    ['#%/1', '%', '1', '', '#%25/1'],
    ['', '', '', '', '#/latest'],
  ] as const) {
    t.same(selectionOf(hash), { model, version, signature }, hash);
    t.equal(hashOf({ model, version, signature }), written, hash);
  }
});

t.test('an answer is laid out, and no digit of it is lost', async (t) => {
  for (const [json, text] of [
    ['{"predictions":[100,37]}', '{\n  "predictions": [100, 37]\n}'],
    ['{"y":[9007199254740993,1.50]}', '{\n  "y": [9007199254740993, 1.50]\n}'],
    ['{"a":[],"b":{}}', '{\n  "a": [],\n  "b": {}\n}'],
    ['[[1,2],[3]]', '[\n  [1, 2],\n  [3]\n]'],
    ['{"s":"a, [b] \\"{c}\\": d"}', '{\n  "s": "a, [b] \\"{c}\\": d"\n}'],
    [
      '{"x":[{"k":null},{"k":true}]}',
      '{\n  "x": [\n    {\n      "k": null\n    },\n    {\n      "k": true\n    }\n  ]\n}',
    ],
    ['', ''],
  ] as const) {
    t.equal(laidOut(json), text, json);
    if (json !== '') t.same(JSON.parse(laidOut(json)), JSON.parse(json));
  }
});

t.test('figures in words', async (t) => {
  t.same([0, 59, 61, 3600, 90_061].map(durationOf), ['0 s', '59 s', '1 min 1 s', '1 h 0 min', '1 d 1 h']);
  t.same([0, 999, 1200, 3_456_789].map(bytesText), ['0 B', '999 B', '1.2 kB', '3.5 MB']);
});
