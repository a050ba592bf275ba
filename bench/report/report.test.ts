import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseCsv } from '../csv.ts';
import { mustText, PROMISES } from './promises.ts';
import { makeReport, type Report } from './report.ts';
import { type Results, readResults } from './results.ts';
import { numbersIn, readPdf } from './synthetic/pdf.ts';
import { middle, recompute } from './synthetic/recompute.ts';
import { writeSynthetic } from './synthetic/results.ts';

/** Numbers that the prose itself holds, and why; every other one must come from a file. */
const PROSE = new Set([
  '50',
  '90',
  '99',
  '99.9', // percentiles
  '95', // the level of the intervals, and the share of speed that a memory limit must keep
  '80', // the same with real models
  '75', // share of the maximum that instances are planned with, and that the open loop is compared at
  '1',
  '10',
  '100', // 1k, 10k, 100k requests/s; a ratio's interval that holds 1
  '1000',
  '5',
  '2', // requests before memory is read; 5 ms late; asked every 2 ms
  '8',
  '32', // connections
  '256',
  '4096', // rows, SHA-256
  '3',
  '8',
  '9', // giga is ten to the ninth; MobileNetV2, ResNet-50, V2 of the protocol
  '20',
  '40',
  '64',
  '128',
  '224', // probes each 20 ms, acknowledgements after 40 ms, 64 gRPC threads, 128 ids, pictures of 224 × 224 × 3
  '16',
  '17',
  '18',
  '19', // issues
  '2.21', // the library here
]);

/** Columns that say what was asked. */
const COUNTS = [
  'connections',
  'clients',
  'streams',
  'rows',
  'value',
  'users',
  'workers',
  'tensorflow',
  'numbers_in',
  'numbers_out',
];

/** Where a rule other than a median makes a number: each kind has a test of its own beside its code. */
const RULES = [
  /^slope of ln y over ln x/,
  /^least squares of y = fixed/,
  /^instances = ceil/,
  /^smallest limit_bytes of/,
  /^sum of /,
  /^rows of /,
  /^last over first of soak/,
  /^soak\.csv/,
  /^1 − 2 × binomial tail/,
  /^cluster-hpa\.csv: /,
  /^rows of the list of promises/,
];

function everyNumberIsFromAFile(t: Test, results: Results, report: Report, pages: readonly string[]): void {
  const known = new Set([...PROSE, ...pages.map((_, i) => String(i + 1))]);
  const learn = (text: string) => {
    for (const number of numbersIn(text)) known.add(number);
  };
  for (const promised of PROMISES) learn(`${promised.what} ${mustText(promised)}`);
  for (const { printed } of parseCsv(report.figures)) learn(printed ?? '');
  learn(readFileSync(join(results.folder, 'environment.json'), 'utf8'));
  learn(String(Math.round(results.environment.elapsed_s / 60)));
  learn(String(Math.round(results.environment.machine.memory_bytes / 2 ** 30)));
  for (const { question, target, condition, reason } of results.rows('not-measured.csv')) {
    learn([question, target, condition, reason].join(' '));
  }
  for (const svg of report.plots.values()) {
    for (const [, label = ''] of svg.matchAll(/<g class="mark-text role-axis-label".*?<\/g><\/g>/gs))
      learn(label);
    for (const [, tick = ''] of svg.matchAll(/<text[^>]*fill="#1F2328"[^>]*>([^<]*)<\/text>/g)) learn(tick);
  }
  for (const file of results.files) {
    for (const row of results.rows(file)) {
      for (const name of COUNTS) learn(row[name] ?? '');
      if (row.share_of_basis !== undefined) learn(String(Math.round(Number(row.share_of_basis) * 100)));
    }
  }
  for (const [i, page] of pages.entries()) {
    const strangers = numbersIn(withoutDigests(page, results)).filter((number) => !known.has(number));
    t.same(strangers, [], `page ${i + 1}: every number is from a file`);
  }
}

/** Hexadecimal digests are names, not numbers; the report prints how they begin. */
function withoutDigests(page: string, { environment }: Results): string {
  const { commit, model, targets, model_targets = [] } = environment;
  const digests = [...targets, ...model_targets].flatMap(({ digest }) =>
    digest ? [digest.replace('sha256:', '').slice(0, 12)] : [],
  );
  return [commit.slice(0, 12), model.sha256.slice(0, 16), ...digests].reduce(
    (text, name) => text.replaceAll(name, ''),
    page,
  );
}

function figuresCanBeRecomputed(t: Test, results: Results, report: Report): void {
  const wrong: string[] = [];
  for (const { statistic, value, from = '' } of parseCsv(report.figures)) {
    if (statistic === 'derived') {
      if (!RULES.some((rule) => rule.test(from))) wrong.push(`no such rule: ${from}`);
      continue;
    }
    const values = recompute(results.folder, from);
    // An interval's ends are observations themselves.
    const candidates = statistic === 'median' ? [middle(values)] : values;
    const near = candidates.some(
      (candidate) => Math.abs(candidate - Number(value)) <= 1e-5 * Math.abs(candidate),
    );
    if (!near) wrong.push(`${statistic} ${value} of ${from}`);
  }
  t.same(wrong, [], 'each line of figures.csv follows from the CSV files');
}

// Setting type takes a second or two of CPU time, which a busy machine stretches.
t.setTimeout(120_000);

t.test('a full run', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { speeds: { 'celsiusify-predict': 10, 'celsiusify-celsius': 11 } });
  const results = readResults(folder);
  const report = await makeReport(results);
  const { pages, info, metadata, tagged, headings } = await readPdf(report.pdf);

  t.ok(pages.length >= 4 && pages.length <= 8, `${pages.length} pages of at most 8`);
  t.match(info, {
    Title: 'Celsiusify against TensorFlow Serving and Python servers',
    Author: 'The Celsiusify authors',
    Language: 'en-GB',
  });
  t.ok(tagged, 'the PDF is tagged');
  t.match(String(metadata?.getRaw()), /pdfuaid:part/, 'and says that it is PDF/UA');
  t.equal(headings[0], 'The answer', 'the answer comes first');
  pages.forEach((page, i) => {
    t.match(page, new RegExp(`Page ${i + 1} of ${pages.length}`), 'pages are numbered');
    t.notMatch(page, /QUICK|PARTIAL|NaN|undefined|Infinity/);
  });
  everyNumberIsFromAFile(t, results, report, pages);
  figuresCanBeRecomputed(t, results, report);

  const again = await makeReport(readResults(folder));
  t.ok(report.pdf.equals(again.pdf), 'the same files give the same bytes');
  t.same([...report.plots], [...again.plots]);
});

t.test('a quick run says so on every page', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { mode: 'quick', repeats: 1 });
  const results = readResults(folder);
  const report = await makeReport(results);
  const { pages } = await readPdf(report.pdf);
  for (const page of pages) t.match(page, /QUICK RUN/);
  t.notMatch(pages.join(' '), /NaN|undefined|Infinity/);
  everyNumberIsFromAFile(t, results, report, pages);
});

t.test('what was not measured is said, with the reason, and nothing breaks', async (t) => {
  const folder = t.testdir();
  const all = [
    'cross-check',
    'open-loop',
    'cold-start',
    'memory',
    'batch-rows',
    'payload-scaling',
    'large-tensor',
    'locust',
    'memory-limit',
    ...['load', 'probes', 'start', 'memory', 'protocols', 'open-loop', 'mixed', 'growth'].map(
      (name) => `models/${name}`,
    ),
  ];
  writeSynthetic(folder, {
    without: [
      ...all,
      'idle-connections',
      'knative-cold-start',
      'cluster-hpa',
      'cluster-rollout',
      'cluster-helm',
    ].map((name) => `${name}.csv`),
  });
  const results = readResults(folder);
  const report = await makeReport(results);
  const { pages } = await readPdf(report.pdf);
  const text = pages.join(' ');
  t.match(text, /image-size: no image was built in this synthetic run/);
  t.match(text, /Not measured: this run did not ask for it/);
  t.notMatch(text, /NaN|undefined|Infinity/);
  everyNumberIsFromAFile(t, results, report, pages);
});

t.test('a rival that is better is named', async (t) => {
  const folder = t.testdir();
  writeSynthetic(folder, { speeds: { 'celsiusify-predict': 3, 'tf-serving': 9, fastapi: 1 } });
  const { pages } = await readPdf((await makeReport(readResults(folder))).pdf);
  t.match(
    pages[0],
    /Where somebody else is better.*celsius,\s+TensorFlow\s+Serving:\s+requests\/s, 1 connection/s,
  );
  t.notMatch(pages[0], /FastAPI: requests/);
});

const COMMITTED = join(import.meta.dirname, '../../results');

t.test(
  'the results in the repository',
  { skip: !existsSync(join(COMMITTED, 'report.pdf')) && 'none yet' },
  async (t) => {
    const results = readResults(COMMITTED);
    const report = await makeReport(results);
    const { pages } = await readPdf(report.pdf);
    everyNumberIsFromAFile(t, results, report, pages);
    figuresCanBeRecomputed(t, results, report);
    const kept = await readPdf(readFileSync(join(COMMITTED, 'report.pdf')));
    t.same(pages, kept.pages, 'npm run bench:report gives the text that is there');
  },
);
