// npm run test:fuzz -- --seed N --requests N: fuzzed requests to real servers, one model after the other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Pool } from 'undici';
import { readSignatures, type Signature } from '../../function/model/signatures.ts';
import { type ChildServer, spawnServer } from '../../function/testing/child-process.ts';
import { fixture } from '../../function/testing/whole-server.ts';
import { type FuzzCase, fuzzCases } from './fuzz-cases.ts';
import { faultOf, mustBeRefused } from './fuzz-check.ts';
import { callsAlive, peakMemory, residentMemory } from './measure.ts';

const MODELS = [
  'celsius',
  'types',
  'ranks',
  'signatures',
  'stateful',
  'failing',
  'names',
  'constant-strings',
  'convolution',
];
/** Requests made at once: a failing one is found again by the seed and its number. */
const CHUNK = 500;
const CONNECTIONS = 16;
/** Bytes that a server may hold more at the end than after the first quarter. */
const GROWTH_LIMIT = 128 << 20;

const help = `usage: npm run test:fuzz -- [--seed N] [--requests N] [--models a,b] [--bundle]

Sends N requests (10000) to servers of ${MODELS.length} models: right ones whose answers are known, and ones that are
damaged in their structure or their bytes. Fails on a 5xx, a crash, an answer that is wrong or no JSON, a call that
is left behind, memory that grows. --bundle runs dist/main.js in place of the source.
`;

interface Tally {
  sent: number;
  readonly statuses: Map<number, number>;
  readonly kinds: Map<string, number>;
  known: number;
  readonly faults: string[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      requests: { type: 'string', default: '10000' },
      models: { type: 'string', default: MODELS.join(',') },
      bundle: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const seed = Number(values.seed);
  const requests = Number(values.requests);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(requests) || requests < 1) {
    process.stderr.write('fuzz: --seed and --requests are whole numbers\n');
    return 2;
  }
  const models = values.models.split(',');
  const unknown = models.find((model) => !MODELS.includes(model));
  if (unknown !== undefined) {
    process.stderr.write(`fuzz: no model ${unknown}; there are ${MODELS.join(', ')}\n`);
    return 2;
  }
  const main = values.bundle ? join(import.meta.dirname, '..', '..', 'dist', 'main.js') : undefined;
  process.stdout.write(
    '| model | requests | answers known | by status | seconds | calls left | peak RSS | faults |\n',
  );
  process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- |\n');
  let faults = 0;
  for (const [i, model] of models.entries()) {
    const share = Math.floor(requests / models.length) + (i < requests % models.length ? 1 : 0);
    faults += await fuzzModel(model, seed, share, main);
  }
  process.stdout.write(
    `\nseed ${seed}, ${requests} requests: ${faults === 0 ? 'no fault' : `${faults} faults`}\n`,
  );
  return faults === 0 ? 0 : 1;
}

async function fuzzModel(model: string, seed: number, requests: number, main?: string): Promise<number> {
  const env = {
    MODEL_NAME: model,
    LOG_REQUESTS: 'false',
    BATCHING: ['failing', 'stateful', 'ranks'].includes(model) ? 'false' : 'true',
    ...(model === 'celsius' ? {} : { MODEL_BASE_PATH: fixture(model) }),
  };
  const server = spawnServer({ env, ...(main ? { main } : {}) });
  const url = await server.ready;
  const started = performance.now();
  const before = await callsAlive(url);
  const tally: Tally = { sent: 0, statuses: new Map(), kinds: new Map(), known: 0, faults: [] };
  let early = 0;
  for (const chunk of chunks(model, seed, requests)) {
    await send(url, model, server, chunk, tally);
    if (tally.sent * 4 <= requests + CHUNK * 4) early = residentMemory(server.pid);
    if (tally.faults.length > 20) break;
    progress(`${model}: ${tally.sent} of ${requests}`);
  }
  const after = await callsAlive(url).catch(() => 'none');
  const grown = residentMemory(server.pid) - early;
  if (after !== before) tally.faults.push(`${before} calls before, ${after} after`);
  if (grown > GROWTH_LIMIT) tally.faults.push(`memory grew by ${grown >> 20} MiB`);
  const peak = peakMemory(server.pid);
  server.child.kill('SIGTERM');
  const end = await server.ended;
  if (end.code !== 0) tally.faults.push(`ended with ${end.code ?? end.signal}: ${end.stderr.slice(0, 500)}`);
  const statuses = [...tally.statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  progress('');
  process.stdout.write(
    `| ${model} | ${tally.sent} | ${tally.known} | ${statuses.join(', ')} | ${seconds} | ${before} → ${after} | ${peak >> 20} MiB | ${tally.faults.length} |\n`,
  );
  for (const fault of tally.faults) process.stderr.write(`${fault}\n`);
  return tally.faults.length;
}

/** Cases in chunks; the same for the same seed. */
function* chunks(model: string, seed: number, requests: number): Generator<FuzzCase[]> {
  const path =
    model === 'celsius' ? join(import.meta.dirname, '..', '..', 'model', 'celsius') : fixture(model);
  const signatures =
    readSignatures(readFileSync(join(path, '1', 'saved_model.pb'))) ?? new Map<string, Signature>();
  signatures.delete('__saved_model_init_op');
  const cases = fuzzCases(model, [...signatures.values()]);
  for (let from = 0; from < requests; from += CHUNK) {
    yield fc.sample(cases, {
      seed: seed * 1_000_003 + MODELS.indexOf(model) * 100_003 + from,
      numRuns: Math.min(CHUNK, requests - from),
    });
  }
}

async function send(
  url: string,
  model: string,
  server: ChildServer,
  cases: FuzzCase[],
  tally: Tally,
): Promise<void> {
  const pool = new Pool(url, { connections: CONNECTIONS, bodyTimeout: 60_000, headersTimeout: 60_000 });
  const queue = cases.values();
  const worker = async () => {
    for (const one of queue) {
      const fault = await sendOne(pool, model, one, tally).catch((error: unknown) => `no answer: ${error}`);
      if (fault !== undefined) tally.faults.push(describe(one, fault, tally.sent));
      if (server.child.exitCode !== null || tally.faults.length > 20) return;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  await pool.destroy();
}

async function sendOne(pool: Pool, model: string, one: FuzzCase, tally: Tally): Promise<string | undefined> {
  const { method, path, headers } = one;
  const body = method === 'GET' || method === 'HEAD' || one.body.length === 0 ? null : one.body;
  const reply = await pool.request({ method, path, headers, body });
  const received = Buffer.from(await reply.body.arrayBuffer());
  const plain =
    reply.headers['content-encoding'] === 'gzip' && method !== 'HEAD' ? gunzipSync(received) : received;
  tally.sent++;
  tally.statuses.set(reply.statusCode, (tally.statuses.get(reply.statusCode) ?? 0) + 1);
  const refused = mustBeRefused(model, one);
  if (refused !== undefined) {
    tally.known++;
    if (refused !== (reply.statusCode === 400))
      return `status ${reply.statusCode} for a right request: ${plain}`;
  }
  return faultOf(model, one, { status: reply.statusCode, headers: reply.headers, body: plain });
}

function describe(one: FuzzCase, fault: string, number: number): string {
  const { method, path, headers, body, kind } = one;
  const shown = body.length > 600 ? `${body.subarray(0, 600)}… (${body.length} bytes)` : body.toString();
  return `${fault} — ${kind} request near ${number}: ${method} ${path} ${JSON.stringify(headers)}\n    ${JSON.stringify(shown)}`;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(60)}\r`);
}

process.exitCode = await main();
