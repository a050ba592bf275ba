import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChildServer, spawnServer } from '../../function/testing/child-process.ts';
import { exchange, freePort, post } from '../../function/testing/socket.ts';
import { fixture } from '../../function/testing/whole-server.ts';
import { expect, type Finding, type HardeningTest } from './case.ts';
import { inMemoryCgroup } from './life.ts';

const SHIFT = join(fixture('tf-serving-models'), 'shift');
/** A probe has an answer within so long, in ms: the chart's own time-out. */
const PROBE_MS = 1000;
/** And a process that shall end has, in ms: what goes wrong is that it never does. */
const MOST_END_MS = 30_000;

/** A server of the models in a folder, each version of which adds its number; what it logged, by message. */
class Site {
  readonly models: string;
  readonly folder = mkdtempSync(join(tmpdir(), 'celsiusify-switches-'));
  server: ChildServer | undefined;
  url = '';
  logs = '';

  constructor(models = join(this.folder, 'models')) {
    this.models = models;
    mkdirSync(models, { recursive: true });
  }

  async start(env: Record<string, string> = {}, prefix: string[] = []): Promise<void> {
    const options = {
      MODELS_DIR: this.models,
      READY_WHEN: 'any',
      LOG_LEVEL: 'info',
      LOAD_RETRY_INTERVAL_MS: '200',
      MAX_NUM_LOAD_RETRIES: '2',
    };
    this.#spawn({ ...options, ...env }, prefix);
    this.url = (await this.server?.ready) ?? '';
  }

  /** Starts it on a port that is given, and does not wait until it is ready. */
  async startUnready(env: Record<string, string>): Promise<void> {
    this.#spawn({ LOG_LEVEL: 'info', ...env }, []);
    this.url = `http://127.0.0.1:${env.PORT}`;
    while (
      (await exchange(this.url, 'GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n').catch(() => undefined)) ===
      undefined
    )
      await sleep(20);
  }

  #spawn(env: Record<string, string>, prefix: string[]): void {
    this.server = spawnServer({ env, prefix });
    this.server.child.stdout?.on('data', (chunk: Buffer) => {
      this.logs += chunk;
    });
  }

  /** Puts version 1, 2 or 3 in its place by a rename. @param as the version's number there */
  put(model: string, version: number, as = version): void {
    const beside = join(this.models, `.beside-${model}`);
    cpSync(join(SHIFT, String(version)), beside, { recursive: true });
    mkdirSync(join(this.models, model), { recursive: true });
    renameSync(beside, join(this.models, model, String(as)));
  }

  /** The version that answers, whose answer is right. */
  async version(model: string): Promise<string> {
    const answer = await exchange(this.url, post(`/v1/models/${model}:predict`, '{"instances":[0]}'));
    const version = answer?.headers['x-model-version'] ?? '';
    expect(answer?.status === 200, `${model}: ${answer?.status} ${answer?.body}`);
    expect(
      JSON.parse(answer?.body ?? '').predictions[0] === Math.min(Number(version), 3),
      `version ${version}: ${answer?.body}`,
    );
    return version;
  }

  async status(model: string): Promise<string> {
    return (await exchange(this.url, `GET /v1/models/${model} HTTP/1.1\r\nhost: test\r\n\r\n`))?.body ?? '';
  }

  async untilVersion(model: string, version: string): Promise<void> {
    while ((await this.version(model)) !== version) await sleep(20);
  }

  async untilStatus(model: string, words: RegExp): Promise<void> {
    while (!words.test(await this.status(model))) await sleep(20);
  }

  /** Asks probes for so long. @returns the longest that one took, ms */
  async probe(ms: number): Promise<number> {
    let longest = 0;
    for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) {
      for (const path of ['/healthz', '/readyz']) {
        const asked = performance.now();
        const answer = await exchange(this.url, `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`);
        expect(answer?.status === 200, `${path}: ${answer?.status}`);
        longest = Math.max(longest, performance.now() - asked);
      }
    }
    expect(longest < PROBE_MS, `a probe took ${Math.round(longest)} ms`);
    return Math.round(longest);
  }

  expectLogged(words: RegExp): void {
    expect(words.test(this.logs), `the log has no ${words}: ${this.logs.slice(-2000)}`);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.server?.child.kill(signal);
    await this.server?.ended;
  }

  async close(): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function withSite(act: (site: Site) => Promise<Finding>): Promise<Finding> {
  const site = new Site();
  try {
    site.put('m', 1);
    const finding = await act(site);
    return finding;
  } finally {
    await site.close();
  }
}

export const switchTests: HardeningTest[] = [
  {
    name: 'SIGKILL amid a switch',
    run: () =>
      withSite(async (site) => {
        for (let round = 0; round < 5; round++) {
          const next = round + 2;
          await site.start();
          site.put('m', Math.min(next, 3), next);
          await sleep(1000 + round * 20); // it stands still for a second, and then is loaded
          await site.end('SIGKILL');
        }
        await site.start();
        await site.untilVersion('m', '6');
        return {
          sent: '5 times: a new version, SIGKILL 1.00 to 1.08 s later, a new start',
          came: 'each start served; the newest version answers',
        };
      }),
  },
  {
    name: 'a configuration with a fault',
    run: () =>
      withSite(async (site) => {
        const file = join(site.folder, 'models.config');
        const config = `model_config_list { config { name: "m" base_path: "${site.models}/m" model_platform: "tensorflow" } }`;
        writeFileSync(file, config);
        await site.start({
          MODELS_DIR: '',
          MODEL_CONFIG_FILE: file,
          MODEL_CONFIG_FILE_POLL_WAIT_SECONDS: '1',
        });
        for (const fault of ['model_config_list {', `${config.slice(0, -2)} nme: "x" } }`, '\0\xff']) {
          site.logs = '';
          writeFileSync(file, fault);
          while (!/is not taken, what was served goes on/.test(site.logs)) await sleep(20);
          expect((await site.version('m')) === '1', 'version 1 does not answer');
        }
        rmSync(file);
        while (!/is not taken[^\n]*ENOENT/.test(site.logs)) await sleep(20);
        site.put('m', 2);
        await site.untilVersion('m', '2');
        return {
          sent: 'a file cut short, with an unknown field, of no text, and none',
          came: 'each told in the log; served on, new versions too',
        };
      }),
  },
  {
    name: 'a full disk while a version is copied',
    run: () =>
      withSite(async (site) => {
        try {
          execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', site.models], { stdio: 'ignore' });
        } catch {
          return { sent: '–', came: 'not done: no file system can be mounted here' };
        }
        try {
          site.put('m', 1);
          await site.start();
          const target = join(site.models, 'm', '2');
          mkdirSync(target);
          let error = '';
          try {
            for (let i = 0; i < 10; i++) writeFileSync(join(target, `filler-${i}`), Buffer.alloc(4096));
          } catch (caught) {
            error = String(caught);
          }
          expect(error.includes('ENOSPC'), `the disk was not full: ${error}`);
          await site.untilStatus('m', /"2"[^}]*(?:"LOADING"|"END")/);
          expect((await site.version('m')) === '1', 'version 1 does not answer');
          site.expectLogged(/m\/2 has no saved_model\.pb/);
          rmSync(target, { recursive: true });
          site.put('m', 2);
          await site.untilVersion('m', '2');
          return {
            sent: 'a tmpfs of 16 KiB that is full before the graph is there; then room',
            came: 'told in log and status; version 1 served on, then 2',
          };
        } finally {
          await site.end('SIGKILL');
          execFileSync('umount', [site.models]);
        }
      }),
  },
  {
    name: 'a graph that is cut short while it is read',
    run: () =>
      withSite(async (site) => {
        await site.start();
        const pb = readFileSync(join(SHIFT, '2', 'saved_model.pb'));
        const file = join(site.models, 'm', '2', 'saved_model.pb');
        mkdirSync(join(site.models, 'm', '2'));
        const large = Buffer.alloc(64 << 20);
        pb.copy(large);
        for (let round = 0; round < 5; round++) {
          writeFileSync(file, large);
          await sleep(1000 + round * 20); // now it is being read, or soon
          truncateSync(file, 0);
          await site.probe(100);
          expect((await site.version('m')) === '1', 'version 1 does not answer');
        }
        writeFileSync(file, pb);
        await site.untilVersion('m', '2');
        return {
          sent: '5 times 64 MiB, cut to nothing a second later, then the whole graph',
          came: 'version 1 served on, then 2',
        };
      }),
  },
  {
    name: 'a file system that does not answer',
    run: () =>
      withSite(async (site) => {
        await site.start();
        for (const model of ['a', 'b']) {
          mkdirSync(join(site.models, model, '1'), { recursive: true });
          execFileSync('mkfifo', [join(site.models, model, '1', 'saved_model.pb')]); // who opens it waits for ever
        }
        await site.untilStatus('b', /"LOADING"/);
        const longest = await site.probe(2000);
        site.put('m', 2);
        await site.version('m');
        const body = '{"instances":[0]}';
        const gzip = await fetch(`${site.url}/v1/models/m:predict`, {
          method: 'POST',
          headers: { 'content-encoding': 'gzip' },
          body: await new Response(
            new Blob([body]).stream().pipeThrough(new CompressionStream('gzip')),
          ).arrayBuffer(),
        });
        expect(gzip.status === 200, `gzip: ${gzip.status}`);
        await site.end('SIGTERM');
        return {
          sent: 'two models whose graphs cannot be read, on two of two loading threads',
          came: `LOADING; a probe took ${longest} ms at most; the other model served on; SIGTERM ends it`,
        };
      }),
  },
  {
    name: 'a configuration that does not answer at the start',
    run: () =>
      withSite(async (site) => {
        const file = join(site.folder, 'models.config');
        const env = {
          MODELS_DIR: '',
          MODEL_CONFIG_FILE: file,
          READY_WHEN: 'all',
          PORT: String(await freePort()),
        };
        const readiness = () => exchange(site.url, 'GET /readyz HTTP/1.1\r\nhost: test\r\n\r\n');
        const startWaiting = async () => {
          rmSync(file, { force: true });
          execFileSync('mkfifo', [file]); // who opens it waits until somebody writes
          site.logs = '';
          await site.startUnready(env);
          while (!/MODEL_CONFIG_FILE [^"]* does not answer; the start waits for it/.test(site.logs))
            await sleep(20);
          const answer = await readiness();
          expect(answer?.status === 503, `/readyz: ${answer?.status}`);
          expect(/"reasons":\["MODEL_CONFIG_FILE/.test(answer?.body ?? ''), `/readyz: ${answer?.body}`);
        };
        await startWaiting();
        writeFileSync(
          file,
          `model_config_list { config { name: "m" base_path: "${site.models}/m" model_platform: "tensorflow" } }`,
        );
        while ((await readiness())?.status !== 200) await sleep(20);
        expect((await site.version('m')) === '1', 'version 1 does not answer');
        await site.end('SIGTERM');
        await startWaiting();
        const [asked, ended] = [performance.now(), site.end('SIGTERM')];
        await ended;
        const took = performance.now() - asked;
        expect(took < MOST_END_MS, `it ended after ${Math.round(took)} ms`);
        return {
          sent: 'a MODEL_CONFIG_FILE that cannot be opened, until it is written to; then one that never can',
          came: `503 with the reason, which the log has, too; then ready. SIGTERM meanwhile ends it after ${Math.round(took)} ms`,
        };
      }),
  },
  {
    name: 'a graph that cannot be read any more while constants are made',
    run: () =>
      withSite(async (site) => {
        await site.start({ DRAIN_TIMEOUT_MS: '1000' });
        const late = join(site.models, 'late', '1', 'saved_model.pb');
        mkdirSync(dirname(late), { recursive: true });
        execFileSync('mkfifo', [late]);
        await site.untilStatus('late', /"LOADING"/);
        cpSync(fixture('variables'), join(site.models, 'v'), { recursive: true });
        await site.untilStatus('v', /"AVAILABLE"/);
        const graph = join(site.models, 'v', '1', 'saved_model.pb');
        rmSync(graph);
        execFileSync('mkfifo', [graph]);
        closeSync(openSync(late, 'w')); // the last load ends, and the other model's constants are to be made
        await sleep(1000);
        const [asked, ended] = [performance.now(), site.end('SIGTERM')];
        await ended;
        const took = performance.now() - asked;
        expect(took < MOST_END_MS, `it ended after ${Math.round(took)} ms`);
        site.expectLogged(/left models behind that could not be unloaded in DRAIN_TIMEOUT_MS/);
        return {
          sent: 'SIGTERM while the graph of a model that serves is read for ever',
          came: `a line in the log; ended after ${Math.round(took)} ms, of which DRAIN_TIMEOUT_MS are 1000`,
        };
      }),
  },
  {
    name: 'a version that does not fit the memory limit',
    run: () =>
      withSite((site) =>
        inMemoryCgroup(400 << 20, async (prefix): Promise<Finding> => {
          await site.start({}, prefix);
          site.put('large', 2);
          const variables = join(site.models, 'large', '2', 'variables');
          mkdirSync(variables);
          const data = join(variables, 'variables.data-00000-of-00001');
          writeFileSync(data, '');
          truncateSync(data, 500 << 20); // takes no room on the disk
          renameSync(join(site.models, 'large', '2'), join(site.models, 'm', '2'));
          while (!/RESOURCE_EXHAUSTED/.test(site.logs)) await sleep(20);
          expect((await site.version('m')) === '1', 'version 1 does not answer');
          site.expectLogged(
            /it takes about \d+ MiB of memory to load it, and \d+ MiB are free of this container's limit of 400 MiB/,
          );
          await site.untilStatus('m', /"2"[^}]*"END"[^}]*RESOURCE_EXHAUSTED/);
          await site.end('SIGKILL');
          return {
            sent: 'a version of 500 MiB, a limit of 400 MiB',
            came: 'refused in words by log and status; version 1 served on',
          };
        }),
      ),
  },
];
