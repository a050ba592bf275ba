import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { counted, type Kept, promises } from './promises.ts';
import { makeReport } from './report.ts';
import { readResults } from './results.ts';
import { readPdf } from './synthetic/pdf.ts';
import { writeSynthetic } from './synthetic/results.ts';

const COLUMNS =
  'model,target,protocol,rows,connections,streams,repeat,mean_ms,requests_per_s,cpu_us_per_request';

/** 16 pictures: so many ms by default, with BATCHING=true, and by their gRPC. */
function resultsWith(folder: string, [ours, inParts, theirs]: readonly [number, number, number]) {
  writeSynthetic(folder);
  const line = (target: string, protocol: string, ms: number) =>
    [1, 2, 3].map(
      (repeat) => `mobilenet_v2,${target},${protocol},16,1,1,${repeat},${ms},${1000 / ms},9,full`,
    );
  const lines = [
    ...line('celsiusify', 'v2', ours),
    ...line('celsiusify', 'rest', ours),
    ...line('celsiusify-batching', 'v2', inParts),
    ...line('tf-serving-grpc', 'grpc', theirs),
  ];
  writeFileSync(join(folder, 'models/protocols.csv'), `${COLUMNS},mode\n${lines.join('\n')}\n`);
  return readResults(folder);
}

const of = (all: readonly Kept[], what: string) => all.find(({ promised }) => promised.what === what);

/** So that the box of page 1 has room. */
const FAST = { 'celsiusify-predict': 10, 'celsiusify-celsius': 11 };

// Setting type takes a second or two of CPU time, which a busy machine stretches.
t.setTimeout(120_000);

t.test('a setting that the issue did not name is told beside the default, and not counted', async (t) => {
  const results = resultsWith(t.testdir(), [220, 152, 200]);
  const all = promises(results);
  t.match(of(all, '16 pictures by V2: time ÷ their gRPC’s'), { verdict: 'missed', figure: { median: 1.1 } });
  t.match(of(all, '16 pictures by V2, BATCHING=true: time ÷ their gRPC’s'), {
    ...{ verdict: 'met', figure: { median: 0.76 } },
    promised: { beside: 'setting' },
  });
  t.equal(of(all, '16 pictures by V2, BATCHING=true: time ÷ JSON’s')?.verdict, 'not measured');
  const beside = all.filter(({ promised }) => promised.beside);
  const verdicts = ['met', 'missed', 'not measured'] as const;
  t.equal(
    verdicts.reduce((sum, verdict) => sum + counted(all, verdict), 0),
    all.length - beside.length,
  );
  const text = (await readPdf((await makeReport(results)).pdf)).pages.join(' ').replace(/\s+/g, ' ');
  t.match(text, /16 pictures by V2: time ÷ their gRPC’s #18 ≤ 0.8 1.1×/);
  t.match(text, /16 pictures by V2, BATCHING=true: time ÷ their gRPC’s #18 ≤ 0.8 0.76×.*? met/);
});

t.test('the newest TensorFlow Serving stands beside the best of the other one’s settings', async (t) => {
  const folder = t.testdir();
  // The newest is faster than all, and the rows that are counted do not change by it.
  writeSynthetic(folder, { speeds: { ...FAST, celsiusify: 2, 'tf-serving-newest': 4 } });
  const results = readResults(folder);
  const all = promises(results);
  t.equal(of(all, 'requests/s, 8 clients ÷ TensorFlow Serving’s best, encoder')?.verdict, 'met');
  t.equal(
    of(all, 'requests/s, 8 clients ÷ the newest TensorFlow Serving’s, default flags, encoder')?.verdict,
    'missed',
  );
  const [first = '', ...rest] = (await readPdf((await makeReport(results)).pdf)).pages;
  t.match(
    first,
    /TensorFlow\s+Serving\s+0\.0\.0\s+\(default\s+flags\):\s+better\s+at\s+requests\/s,\s+1\s+client:\s+encoder\s+0\./s,
    'in the box of page 1',
  );
  t.match(first, /Over\s+TensorFlow\s+Serving\s+0\.0\.0/s);
  t.match(rest.join(' '), /\(built\s+by\s+nobody\)[\s\S]*TensorFlow\s+Serving\s+0\.0\.0\s+beside\s+it/);
});
