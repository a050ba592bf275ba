// npm run bench:switching: versions that are switched under load, and many models in one process.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FatalError, messageOf } from '../../function/errors.ts';
import { formatCsv } from '../csv.ts';
import { machine } from '../environment.ts';
import { git } from '../git.ts';
import { folderOf, readExpected } from '../models/saved.ts';
import { median } from '../statistics.ts';
import { runMany } from './many.ts';
import { runMixed } from './mixed.ts';
import { runSwitches, type SwitchesResult } from './switches.ts';
import { celsius, type Kind, mobilenet } from './versions.ts';

const help = `Usage: npm run bench:switching -- [options] switches|many|mixed

switches  puts one version after the other in place while clients ask, and compares each answer with what the version
          that it names answers when asked alone
many      starts one process with one model and with 50, and asks all of them and one
mixed     small requests beside those of a heavy model, and of one client with very large ones, in one process

  --model NAME      celsius or mobilenet_v2 (npm run bench:models -- mobilenet_v2); of switches (default celsius)
  --version FOLDER  a SavedModel with one input of one number; of many (bench/switching/dense.py writes one of 10 MB)
  --switches N      default 1000
  --models N        default 50
  --clients N       default 32
  --pause MS        between two requests of one client (default 0)
  --ahead N         versions that were copied beforehand: one that is younger than a second waits for that (default 60)
  --every N         how often memory at rest is read, in switches (default 50)
  --server FOLDER   a checkout whose server is measured in mixed (default this one)
  --seconds N       of load: before the first switch, or of each load of many and mixed (default 10)
  --out FOLDER      for CSV files (default .cache/bench/switching)
  --help
`;

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const flags = {
  model: { type: 'string', default: 'celsius' },
  version: { type: 'string', default: '' },
  switches: { type: 'string', default: '1000' },
  models: { type: 'string', default: '50' },
  clients: { type: 'string', default: '32' },
  pause: { type: 'string', default: '0' },
  ahead: { type: 'string', default: '60' },
  every: { type: 'string', default: '50' },
  server: { type: 'string', default: root },
  seconds: { type: 'string', default: '10' },
  out: { type: 'string', default: '.cache/bench/switching' },
  help: { type: 'boolean', default: false },
} as const;

/** Without load before memory at rest is read, s: the server gives pages of code back a second after an unload,
 * and what versions left in V8's heap once it has had next to nothing to do for ten. */
const REST_S = 7;

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  const [command] = positionals;
  const count = (name: 'switches' | 'models' | 'clients' | 'pause' | 'ahead' | 'every' | 'seconds') => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 0) throw new FatalError(`--${name}: give a whole number`, 2);
    return number;
  };
  if (values.help || (command !== 'switches' && command !== 'many' && command !== 'mixed')) {
    process.stdout.write(help);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-switching-'));
  const out = resolve(root, values.out);
  mkdirSync(out, { recursive: true });
  const save = (name: string, rows: readonly object[]) => write(join(out, `${name}.csv`), rows);
  try {
    if (command === 'switches') {
      const kind = kindOf(values.model);
      const result = await runSwitches({
        ...{ root, kind, folder: join(folder, kind.name), rest_s: REST_S },
        ...{ clients: count('clients'), switches: count('switches'), pause_ms: count('pause') },
        ...{ ahead: Math.max(count('ahead'), 1), restEvery: count('every'), steady_s: count('seconds') },
        onRest: (memory) => writeFileSync(join(out, `memory-${kind.name}.csv`), csv(memory)),
      });
      save(`memory-${kind.name}`, result.memory);
      save(`switches-${kind.name}`, summary(kind, count('clients'), result));
    } else if (command === 'mixed') {
      const server = resolve(root, values.server);
      save(
        'mixed',
        await runMixed({ root, server, load_s: count('seconds'), folder: join(folder, 'models') }),
      );
    } else {
      if (values.version === '') throw new FatalError('many needs --version FOLDER', 2);
      const version = resolve(root, values.version);
      const rows = [];
      for (const models of [1, count('models')])
        rows.push(
          ...(await runMany({
            ...{ root, version, folder: join(folder, 'models'), body: '{"instances":[[1]]}', models },
            ...{ clients: count('clients'), load_s: count('seconds'), rest_s: REST_S },
          })),
        );
      save('many', rows);
    }
    const about = {
      command: ['npm run bench:switching --', ...args].join(' '),
      commit: git(root, ['rev-parse', 'HEAD']),
    };
    writeFileSync(
      join(out, `environment-${command}.json`),
      `${JSON.stringify({ ...about, machine: machine() }, null, 2)}\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function kindOf(model: string): Kind {
  if (model === 'celsius') return celsius(root);
  if (model !== 'mobilenet_v2') throw new FatalError(`--model ${model}: celsius or mobilenet_v2`, 2);
  const [example] = readExpected(root, 'mobilenet_v2').examples;
  return mobilenet(folderOf(root, 'mobilenet_v2'), JSON.stringify(example?.request));
}

function summary({ name }: Kind, clients: number, result: SwitchesResult): object[] {
  const { served_ms, requests, failed, wrong } = result;
  const took = { served_median_ms: median([...served_ms]), served_max_ms: Math.max(...served_ms) };
  return result.latency.map((latency) => ({
    ...{ model: name, clients, switches: served_ms.length, all_requests: requests, failed, wrong },
    ...took,
    ...latency,
  }));
}

function csv(rows: readonly object[]): string {
  const cells = rows.map((row) => Object.fromEntries(Object.entries(row)));
  return formatCsv(Object.keys(cells[0] ?? {}), cells);
}

function write(file: string, rows: readonly object[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, csv(rows));
  process.stdout.write(`${file}\n${readFileSync(file, 'utf8')}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    throw new FatalError(`${messageOf(error)}: see --help`, 2);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
