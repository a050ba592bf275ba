import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../function/testing/socket.ts';
import { fixture } from '../../function/testing/whole-server.ts';
import { expect, type HardeningTest, tally, withServer } from './case.ts';
import { anonymousMemory, callsAlive } from './measure.ts';
import { MixedClient } from './mixed-requests.ts';

const CELSIUS = join(import.meta.dirname, '..', '..', 'model', 'celsius');
const CLIENTS = 16;
/** Before the first look: V8 compiles what is hot, and pools and caches fill. */
const WARM_UP = 40_000;
const REQUESTS = 100_000;

/** What a server holds while it does nothing; memory in bytes. */
interface Held {
  /** V8's heap after a full collection, buffers included, and how many objects that is. */
  readonly heap: number;
  readonly objects: number;
  readonly anonymous: number;
  /** Open files and sockets. */
  readonly files: number;
}

/** Sends so many requests, all kinds in turn. @returns what came of them */
async function send(url: string, grpcPort: number, requests: number): Promise<string[]> {
  const came: string[] = [];
  const client = async () => {
    const one = new MixedClient(url, grpcPort);
    while (came.length < requests) came.push(...(await one.round()));
    one.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return came;
}

/** @param folder where the server was told to write heap snapshots, each after a full collection */
async function held(url: string, pid: number, folder: string): Promise<Held> {
  while ((await callsAlive(url)) !== '0') await sleep(100);
  const files = async () => {
    let [before, now] = [-1, openFiles(pid)];
    for (; before !== now; now = openFiles(pid)) {
      before = now;
      await sleep(1000);
    }
    return now;
  };
  const open = await files();
  const anonymous = anonymousMemory(pid);
  process.kill(pid, 'SIGUSR2');
  for (;;) {
    await sleep(500);
    const [name] = readdirSync(folder).filter((file) => file.endsWith('.heapsnapshot'));
    if (name === undefined) continue;
    const heap = heapOf(join(folder, name));
    if (heap === undefined) continue;
    rmSync(join(folder, name));
    return { ...heap, anonymous, files: open };
  }
}

/** Looks twice: the first look collects what is garbage, and takes memory for its snapshot, some of which is kept. */
async function heldAfterCollection(url: string, pid: number, folder: string): Promise<Held> {
  await held(url, pid, folder);
  return held(url, pid, folder);
}

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** @returns undefined while the snapshot is still being written */
function heapOf(file: string): { heap: number; objects: number } | undefined {
  const text = readFileSync(file, 'utf8');
  if (!text.endsWith('}')) return undefined;
  const { snapshot, nodes }: Snapshot = JSON.parse(text);
  const fields = snapshot.meta.node_fields;
  const size = fields.indexOf('self_size');
  let heap = 0;
  for (let at = size; at < nodes.length; at += fields.length) heap += nodes[at] ?? 0;
  return { heap, objects: nodes.length / fields.length };
}

/** What V8 writes. */
interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: readonly string[] } };
  readonly nodes: readonly number[];
}

const mega = (bytes: number): string => (bytes / 1e6).toFixed(1);

export const leakTests: HardeningTest[] = [
  {
    name: 'memory after 100,000 mixed requests',
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'celsiusify-'));
      const models = join(folder, 'models');
      mkdirSync(models);
      symlinkSync(CELSIUS, join(models, 'celsius'));
      for (const name of ['slow', 'failing']) symlinkSync(fixture(name), join(models, name));
      const GRPC_PORT = await freePort();
      const env = {
        ...{ GRPC_PORT, MODELS_DIR: models, MODEL_NAME: 'celsius' },
        NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
      };
      try {
        return await withServer({ env }, async (url, { pid }) => {
          await send(url, Number(GRPC_PORT), WARM_UP);
          const before = await heldAfterCollection(url, pid, folder);
          const came = await send(url, Number(GRPC_PORT), REQUESTS);
          const after = await heldAfterCollection(url, pid, folder);
          const grown = (what: keyof Held) => after[what] / before[what] - 1;
          const found = `heap ${mega(before.heap)} → ${mega(after.heap)} MB, objects ${before.objects} → ${after.objects}, anonymous ${mega(before.anonymous)} → ${mega(after.anonymous)} MB, open files ${before.files} → ${after.files}, calls alive 0`;
          expect(came.length >= REQUESTS, `${came.length} requests`);
          expect(!came.some((one) => /^(500|no answer)$/.test(one)), tally(came));
          // One object a request would be a fifth of all, one in ten requests 3 %.
          expect(grown('objects') < 0.02 && grown('heap') < 0.05, found);
          expect(grown('anonymous') < 0.1 && after.files <= before.files, found);
          return {
            sent: `${came.length} requests by REST and gRPC: right, wrong, failed, too late, cancelled, of gone clients; ${WARM_UP} before the first look`,
            came: `${tally(came)}; ${found}`,
          };
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];
