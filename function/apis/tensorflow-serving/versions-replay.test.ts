// Replays what a real TensorFlow Serving 2.17.1 answered while versions came and went. The same answer means: the same
// status; for 200 the same JSON; else an object {"error": text}, whose words are ours.
import { readFileSync } from 'node:fs';
import { cp, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { translateFlags } from '../../process/tf-serving-flags.ts';
import { TestFolder } from '../../testing/models.ts';
import {
  canonicalJson,
  type Recorded,
  recordedIn,
  recordedJson,
  sendRecorded,
} from '../../testing/recorded.ts';
import { fixture, startServer } from '../../testing/whole-server.ts';

interface RecordedInState extends Recorded {
  readonly setup: string;
  readonly state: string;
}

type Change = readonly ['copy', from: string, to: string] | readonly ['remove' | 'mkdir', path: string];

interface Setup {
  readonly flags: readonly string[];
  readonly config: string;
  readonly start: readonly Change[];
  readonly states: readonly { readonly state: string; readonly do: readonly Change[] }[];
}

const recorded = recordedIn<RecordedInState>('tf-serving-2.17.1-versions.jsonl');
const setups: Record<string, Setup> = JSON.parse(
  readFileSync(fixture('tf-serving-2.17.1-setups.json'), 'utf8'),
);

/** How long a change may take to be seen: two polls. */
const PATIENCE_MS = 10_000;

/** `--max-num-load-retries=0` → MAX_NUM_LOAD_RETRIES. */
const asEnvironment = (argv: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    argv.map((flag) => {
      const [name = '', value = ''] = flag.slice(2).split('=');
      return [name.toUpperCase().replaceAll('-', '_'), value];
    }),
  );

// Most of each is waiting for a change to be seen.
t.jobs = Object.keys(setups).length;

for (const [name, setup] of Object.entries(setups)) {
  t.test(name, async (t) => {
    const folder = await TestFolder.make(t);
    for (const change of setup.start) await apply(folder, change);
    await folder.write('.models.config', setup.config.replaceAll('/models/', `${folder.path}/`));
    const { argv } = translateFlags([...setup.flags, `--model_config_file=${folder.path}/.models.config`]);
    const { url } = await startServer(t, asEnvironment(argv));
    for (const { state, do: changes } of setup.states) {
      for (const change of changes) await apply(folder, change);
      for (const [what, , to = ''] of changes) if (what === 'copy') await isTried(url, to);
      const requests = recorded.filter((one) => one.setup === name && one.state === state);
      for (const one of requests) {
        const { status, body } = await answerIn(url, one);
        t.equal(status, one.response.status, `${one.id} ${one.method} ${one.path}: status`);
        if (status === 200) t.same(canonicalJson(body), recordedJson(one), `${one.id}: the same JSON`);
        else t.match(JSON.parse(body), { error: String }, `${one.id}: says what was wrong`);
      }
    }
  });
}

t.test('all of them', async (t) => {
  t.equal(recorded.length, 78);
  t.ok(recorded.every(({ setup, state }) => setups[setup]?.states.some((one) => one.state === state)));
});

/** Waits until a copied version was tried at least once. @param path its model and folder, e.g. `double/05` */
async function isTried(url: string, path: string): Promise<void> {
  const [model = '', version = ''] = path.split('/');
  if (!/^\d+$/.test(version)) return;
  const status = () => fetch(`${url}/v1/models/${model}/versions/${version}`).then((answer) => answer.text());
  while (!/"(LOADING|AVAILABLE|END)"/.test(await status())) await sleep(20);
}

/** Asks until the answer is the recorded one, as far as a change takes its time; then as it is. */
async function answerIn(url: string, one: Recorded): Promise<{ status: number; body: string }> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await sendRecorded(url, one);
    const isSame =
      answer.status === one.response.status &&
      (answer.status !== 200 || isDeepStrictEqual(canonicalJson(answer.body), recordedJson(one)));
    if (isSame || performance.now() > end) return answer;
    await sleep(20);
  }
}

async function apply(folder: TestFolder, [what, from, to = '']: Change): Promise<void> {
  if (what === 'remove') return folder.remove(from);
  if (what === 'mkdir') {
    await mkdir(join(folder.path, from), { recursive: true });
    return;
  }
  const beside = join(folder.path, '.beside');
  await cp(join(fixture('tf-serving-models'), from), beside, { recursive: true });
  await mkdir(dirname(join(folder.path, to)), { recursive: true });
  await rename(beside, join(folder.path, to));
}
