import t from 'tap';
import type { VersionChange } from '../models/status.ts';
import { createLogger } from '../telemetry/logger.ts';
import { VersionMeters } from '../telemetry/version-meters.ts';
import { countChange, statesOf } from './model-metrics.ts';
import { logChange } from './models.ts';

const change = (state: VersionChange['state'], more: Partial<VersionChange> = {}): VersionChange => ({
  ...{ model: 'm', version: '2', state, code: 'OK', message: '' },
  ...more,
});
const failure = { code: 'DATA_LOSS', message: 'saved_model.pb is damaged' } as const;

/** Each change, the line that says it, and what is counted of it. */
const CASES = [
  { change: change('START'), log: { level: 'debug', msg: 'a version was found' } },
  { change: change('LOADING'), log: { level: 'info', msg: 'a version is being loaded' } },
  {
    change: change('AVAILABLE', { seconds: 1.23456 }),
    log: { level: 'info', msg: 'a version is available', seconds: 1.235 },
    loadSeconds: 1.23456,
    loads: [['OK', 1]],
  },
  {
    change: change('LOADING', { retry: { ...failure, inSeconds: 60 } }),
    log: {
      level: 'warn',
      msg: 'a version was not loaded; it is tried again',
      code: 'DATA_LOSS',
      reason: failure.message,
      inSeconds: 60,
    },
    loads: [['DATA_LOSS', 1]],
  },
  {
    change: change('END', failure),
    log: { level: 'error', msg: 'a version was not loaded', code: 'DATA_LOSS', reason: failure.message },
    loads: [['DATA_LOSS', 1]],
    ends: true,
  },
  {
    change: change('UNLOADING'),
    log: { level: 'info', msg: 'a version is being unloaded, once its calls have ended' },
  },
  { change: change('END'), log: { level: 'info', msg: 'a version has ended' }, ends: true },
];

for (const { change, log, loadSeconds, loads = [], ends = false } of CASES) {
  const { state, code, retry } = change;
  t.test(`${state} ${code}${retry === undefined ? '' : ', tried again'}`, async (t) => {
    const lines: string[] = [];
    logChange(createLogger('debug', 'run', '', { write: (line) => lines.push(line) }), change);
    t.equal(lines.length, 1, 'one line');
    const { time, runId, ...line } = JSON.parse(lines[0] ?? '');
    t.same(line, { ...log, model: 'm', modelVersion: '2', state });

    let now_ms = 0;
    const meters = new VersionMeters(() => now_ms);
    meters.of('m', '2');
    countChange(meters, change);
    const [meter] = meters.all;
    t.equal(meter?.loadSeconds, loadSeconds);
    t.same([...(meter?.loads ?? [])], loads);
    now_ms = 1e9;
    t.equal(meters.all.length, ends ? 0 : 1, ends ? 'is not seen for ever' : 'goes on');
  });
}

t.test(
  'a version that was only ever found, loaded and lost has a meter from its first failure on',
  async (t) => {
    const meters = new VersionMeters();
    for (const each of [change('START'), change('LOADING')]) countChange(meters, each);
    t.same(meters.all, []);
    countChange(meters, change('LOADING', { retry: { ...failure, inSeconds: 1 } }));
    countChange(meters, change('LOADING', { retry: { ...failure, inSeconds: 1 } }));
    t.same([...(meters.all[0]?.loads ?? [])], [['DATA_LOSS', 2]]);
  },
);

t.test('versions that were unloaded have no state; those that failed do', async (t) => {
  const versions = [change('AVAILABLE'), change('END'), change('END', failure)];
  const list = () => [{ name: 'm', versions, labels: new Map(), reason: '' }];
  t.same(
    [...statesOf({ list })].map(({ state, code }) => [state, code]),
    [
      ['AVAILABLE', 'OK'],
      ['END', 'DATA_LOSS'],
    ],
  );
});
