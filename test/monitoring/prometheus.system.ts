/**
 * A real Prometheus (PROMETHEUS and PROMTOOL, or those on PATH) scrapes a real server, evaluates docs/alerts.yaml and the
 * dashboard's queries on what it has scraped, and says of each alert when it fires.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { alertRules, panels } from '../../docs/monitoring.ts';
import { spawnServer } from '../../function/testing/child-process.ts';
import { startCollector } from '../../function/testing/otlp.ts';
import { freePort } from '../../function/testing/socket.ts';
import { alertCases } from './alert-cases.ts';

const PROMETHEUS = process.env.PROMETHEUS || 'prometheus';
const PROMTOOL = process.env.PROMTOOL || 'promtool';
const ROOT = join(import.meta.dirname, '..', '..');
const ALERTS = join(ROOT, 'docs', 'alerts.yaml');
const exec = promisify(execFile);

const missing = await exec(PROMTOOL, ['--version']).then(
  () => false,
  () => `no ${PROMTOOL} on PATH: install Prometheus (apt-get install prometheus)`,
);

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'monitoring-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** JSON is YAML. */
const yaml = (path: string, value: unknown) => writeFileSync(path, JSON.stringify(value));

interface Answer {
  readonly data?: unknown;
}

class Prometheus {
  readonly #url: string;
  readonly child: ChildProcess;

  constructor(url: string, child: ChildProcess) {
    this.#url = url;
    this.child = child;
  }

  async ask(path: string): Promise<Answer> {
    // While it starts it refuses connections, and then answers 503 in plain text.
    const answer = await fetch(`${this.#url}/api/v1/${path}`).catch(() => undefined);
    return answer?.status === 200 ? ((await answer.json()) as Answer) : {};
  }

  /** Asks until it has an answer that is liked, for at most a minute. @returns the last answer */
  async until(path: string, liked: (data: unknown) => boolean): Promise<unknown> {
    for (let tries = 0; tries < 120; tries++) {
      const { data } = await this.ask(path);
      if (data !== undefined && liked(data)) return data;
      await sleep(500);
    }
    return (await this.ask(path)).data;
  }
}

async function startPrometheus(t: Test, target: string): Promise<Prometheus> {
  const [path, port] = [folder(t), await freePort()];
  const config = join(path, 'prometheus.json');
  yaml(config, {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [ALERTS],
    scrape_configs: [{ job_name: 'celsiusify', static_configs: [{ targets: [new URL(target).host] }] }],
  });
  const child = spawn(
    PROMETHEUS,
    [
      ...[`--config.file=${config}`, `--storage.tsdb.path=${join(path, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--enable-feature=exemplar-storage', '--log.level=warn'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  return new Prometheus(`http://127.0.0.1:${port}`, child);
}

t.test(
  'Prometheus scrapes the server, and its alerts and the dashboard have data',
  { skip: missing },
  async (t) => {
    const collector = await startCollector(t);
    const server = spawnServer({ env: { RUN: 'pool', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    t.teardown(() => server.child.kill('SIGKILL'));
    const url = await server.ready;
    const prometheus = await startPrometheus(t, url);
    const asking = new AbortController();
    t.teardown(() => asking.abort());
    const load = (async () => {
      for (let i = 0; i < 1200 && !asking.signal.aborted; i++) {
        const fahrenheit = Array.from({ length: i % 20 === 0 ? 20_000 : 1 }, () => 212);
        await fetch(`${url}/celsius`, { method: 'POST', body: JSON.stringify({ fahrenheit }) });
        await fetch(`${url}/celsius`, { method: 'POST', body: '{}' });
        await sleep(50);
      }
    })();
    load.catch(() => {});

    const count = (data: unknown) => JSON.parse(JSON.stringify(data)).result?.length ?? 0;
    const scraped = await prometheus.until('query?query=up', (data) => count(data) === 1);
    t.match(scraped, { result: [{ metric: { job: 'celsiusify' }, value: [Number, '1'] }] });

    const rules = await prometheus.until('rules', (data) => !/"health":"unknown"/.test(JSON.stringify(data)));
    const all: { name: string; health: string; lastError?: string }[] =
      JSON.parse(JSON.stringify(rules)).groups?.[0]?.rules ?? [];
    t.same(
      all.map(({ name, health }) => `${name} ${health}`),
      alertRules.map(({ name }) => `${name} ok`),
      'each rule could be evaluated',
    );

    for (const { title, series } of panels) {
      for (const [legend, expression] of Object.entries(series)) {
        const query = expression.replaceAll('$job', 'celsiusify').replaceAll('$__rate_interval', '1m');
        const data = await prometheus.until(`query?query=${encodeURIComponent(query)}`, (d) => count(d) > 0);
        const none = /5xx/.test(legend) || /dropped/i.test(title); // there are none, as is right
        t.ok(none || count(data) > 0, `${title}: ${legend}`);
      }
    }

    const range = `start=${Date.now() / 1000 - 600}&end=${Date.now() / 1000 + 600}`;
    const exemplars = await prometheus.until(
      `query_exemplars?query=http_request_duration_seconds_bucket&${range}`,
      (data) => Array.isArray(data) && data.length > 0,
    );
    t.match(
      exemplars,
      [{ exemplars: [{ labels: { trace_id: /^[\da-f]{32}$/ } }] }],
      'a histogram leads to a trace',
    );
    asking.abort();
    await load;
  },
);

t.test('when each alert fires, and when it does not', { skip: missing }, async (t) => {
  t.same(
    [...new Set(alertCases.map(({ alert }) => alert))].sort(),
    alertRules.map(({ name }) => name).sort(),
  );
  const path = folder(t);
  for (const { name, alert, series, at, fires } of alertCases) {
    const file = join(path, 'test.json');
    const rule = alertRules.find((one) => one.name === alert);
    const { summary, action } = rule ?? {};
    yaml(file, {
      rule_files: [ALERTS],
      evaluation_interval: '15s',
      tests: [
        {
          interval: '15s',
          input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
          alert_rule_test: [
            {
              eval_time: at,
              alertname: alert,
              exp_alerts: fires.map((labels) => ({
                exp_labels: { severity: rule?.severity, ...labels },
                exp_annotations: { summary, description: action },
              })),
            },
          ],
        },
      ],
    });
    const outcome = await exec(PROMTOOL, ['test', 'rules', file]).then(
      () => 'as expected',
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
    t.equal(outcome, 'as expected', `${alert}: ${name}`);
  }
});
