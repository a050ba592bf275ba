import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { ORIGIN } from '../testing/requests.ts';

const celsius = await testModel(t);

t.test('request logs', async (t) => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  for (const { name, path, headers, line } of [
    {
      name: 'a known route',
      path: '/healthz?q=1',
      headers: {},
      line: { route: 'healthz', path: '/healthz?q=1', status: 200, method: 'GET', revision: 'celsius-00001' },
    },
    { name: 'an unknown one', path: '/x', headers: {}, line: { route: 'unknown', status: 404 } },
    { name: 'x-request-id', path: '/x', headers: { 'x-request-id': 'r-1' }, line: { requestId: 'r-1' } },
    { name: 'traceparent', path: '/x', headers: { traceparent }, line: { requestId: trace } },
    {
      name: 'x-request-id before traceparent',
      path: '/x',
      headers: { traceparent, 'x-request-id': 'r-2' },
      line: { requestId: 'r-2' },
    },
    { name: 'a bad traceparent', path: '/x', headers: { traceparent: 'no' }, line: { status: 404 } },
    {
      name: 'a long ID is cut',
      path: '/x',
      headers: { 'x-request-id': 'r'.repeat(500) },
      line: { requestId: 'r'.repeat(128) },
    },
    {
      name: 'what some terminals would obey',
      path: '/x',
      headers: { 'x-request-id': 'a\u007fb\u009b2J' },
      line: { requestId: 'a\ufffdb\ufffd2J' },
    },
    {
      name: 'what would forge a line',
      path: '/%0a{"level":"fatal"}',
      headers: { 'x-request-id': '"}\t{"forged":"1' },
      line: { requestId: '"}\t{"forged":"1' },
    },
  ]) {
    const { app, logs, runId } = testApp(celsius, { logRequests: true });
    await app.fetch(new Request(ORIGIN + path, { headers }));
    t.equal(logs.length, 1, `${name}: one line`);
    t.equal(
      logs[0]?.indexOf('\n'),
      (logs[0]?.length ?? 0) - 1,
      `${name}: the line's end is its only newline`,
    );
    const parsed = JSON.parse(logs[0] ?? '');
    t.match(parsed, { ...line, runId, milliseconds: Number }, name);
    if (name === 'a bad traceparent') t.notOk('requestId' in parsed, 'no ID made up');
  }
});
