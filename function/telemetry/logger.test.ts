import t from 'tap';
import { createLogger } from './logger.ts';

function logging(level = 'info', revision = '') {
  const lines: string[] = [];
  const logger = createLogger(level, 'run-1', revision, { write: (line) => lines.push(line) });
  return { logger, lines };
}

t.test('a line is one JSON object with level, time and run ID', async (t) => {
  const { logger, lines } = logging();
  const before = Date.now();
  logger.info({ route: 'celsius', text: 'two\nlines' }, 'request');
  t.equal(lines.length, 1);
  t.match(lines[0], /^[^\n]+\n$/);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  t.same(line, { level: 'info', runId: 'run-1', route: 'celsius', text: 'two\nlines', msg: 'request' });
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  t.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now(), time);
});

t.test('the revision is on every line where there is one', async (t) => {
  const { logger, lines } = logging('info', 'celsius-00002');
  logger.info('one');
  logger.warn('two');
  for (const line of lines) t.match(JSON.parse(line), { runId: 'run-1', revision: 'celsius-00002' });
  t.equal(lines.length, 2);
});

const levels = [
  { level: 'trace', written: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] },
  { level: 'info', written: ['info', 'warn', 'error', 'fatal'] },
  { level: 'warn', written: ['warn', 'error', 'fatal'] },
  { level: 'fatal', written: ['fatal'] },
  { level: 'silent', written: [] },
];

for (const { level, written } of levels) {
  t.test(`at level ${level}`, async (t) => {
    const { logger, lines } = logging(level);
    for (const each of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[each]('x');
    t.same(
      lines.map((line) => JSON.parse(line).level),
      written,
    );
  });
}

t.test('an error is written with its type, message and stack', async (t) => {
  const { logger, lines } = logging();
  logger.error({ err: new RangeError('too far') }, 'a request failed');
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'error',
    err: { type: 'RangeError', message: 'too far', stack: String },
  });
});
