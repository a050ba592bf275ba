/** A real Jaeger (JAEGER, or the one on PATH; version 2) takes the server's spans, and gives them back as one trace. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { spawnServer } from '../../function/testing/child-process.ts';
import { freePort } from '../../function/testing/socket.ts';

const JAEGER = process.env.JAEGER || 'jaeger';
const missing = await promisify(execFile)(JAEGER, ['version']).then(
  () => false,
  () => `no ${JAEGER} on PATH: its releases have it`,
);

interface Span {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly spanID: string }[];
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

/** In memory, on ports of its own. @returns where it takes OTLP over HTTP, and where its page asks */
async function startJaeger(t: Test) {
  const [otlp, query, grpc] = [await freePort(), await freePort(), await freePort()];
  const at = (port: string) => ({ endpoint: `127.0.0.1:${port}` });
  const folder = mkdtempSync(join(tmpdir(), 'jaeger-'));
  const config = join(folder, 'jaeger.json');
  const traces = { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] };
  writeFileSync(
    config,
    JSON.stringify({
      service: {
        extensions: ['jaeger_storage', 'jaeger_query'],
        pipelines: { traces },
        telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      },
      extensions: {
        jaeger_storage: { backends: { here: { memory: { max_traces: 1000 } } } },
        jaeger_query: { storage: { traces: 'here' }, http: at(query), grpc: at(grpc) },
      },
      receivers: { otlp: { protocols: { http: at(otlp) } } },
      exporters: { jaeger_storage_exporter: { trace_storage: 'here' } },
    }),
  );
  const child = spawn(JAEGER, ['--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  const [to, from] = [`http://127.0.0.1:${otlp}`, `http://127.0.0.1:${query}`];
  // Both listen before the server is asked, so that no span is lost.
  for (const url of [`${to}/v1/traces`, `${from}/api/traces/1`]) {
    while (child.exitCode === null && !(await fetch(url).catch(() => undefined))) await sleep(100);
  }
  if (child.exitCode !== null) throw new Error(`${JAEGER} ended with ${child.exitCode}`);
  return { to, from };
}

/** Asks until the trace has as many spans, for at most a minute. */
async function spansOf(url: string, trace: string, count: number): Promise<readonly Span[]> {
  let spans: readonly Span[] = [];
  for (let tries = 0; tries < 240 && spans.length < count; tries++) {
    const answer = await fetch(`${url}/api/traces/${trace}`);
    const { data }: { data?: { spans: Span[] }[] } = await answer.json();
    spans = data?.[0]?.spans ?? [];
    await sleep(250);
  }
  return spans;
}

t.test('a request is one trace in Jaeger, with what it spent its time with', { skip: missing }, async (t) => {
  const { to, from } = await startJaeger(t);
  const env = { RUN: 'pool', OTEL_EXPORTER_OTLP_ENDPOINT: to, OTEL_BSP_SCHEDULE_DELAY: '100' };
  const server = spawnServer({ env });
  t.teardown(() => server.child.kill('SIGKILL'));
  const url = await server.ready;
  const [trace, caller] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const answer = await fetch(`${url}/v1/models/celsius:predict`, {
    method: 'POST',
    headers: { traceparent: `00-${trace}-${caller}-01` },
    body: '{"instances": [212]}',
  });
  t.match(answer.headers.get('traceparent'), new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));

  const spans = await spansOf(from, trace, 5);
  const [root, ...others] = spans.filter(({ references }) => references[0]?.spanID === caller);
  t.match(root, { operationName: 'POST predict' });
  t.same(others, [], 'the only one that the caller has begun');
  const children = spans.filter(({ references }) => references[0]?.spanID === root?.spanID);
  t.same(children.map(({ operationName }) => operationName).sort(), ['print', 'queue', 'read', 'run']);
  const run = children.find(({ operationName }) => operationName === 'run');
  t.match(
    run?.tags.find(({ key }) => key === 'celsiusify.rows'),
    { value: 1 },
  );
});
