// npm run test:protocols: our interface definitions against those in the packages that clients use, field by field; HTTP/2
// as h2spec knows it; and then the clients themselves against a server.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeVenv } from '../../bench/venv.ts';
import { FatalError, messageOf } from '../../function/errors.ts';
import { HEALTH_FILE } from '../../function/grpc/health.ts';
import { REFLECTION_FILES } from '../../function/grpc/reflection.ts';
import { GRPC_SERVICE_FILE } from '../../function/protobuf/definitions/open-inference.ts';
import {
  MODEL_SERVICE_FILE,
  PREDICTION_LOG_FILE,
  PREDICTION_SERVICE_FILE,
} from '../../function/protobuf/definitions/tensorflow-serving.ts';
import { type FileSpec, fileDescriptor } from '../../function/protobuf/descriptor.ts';
import { tryClients } from './clients/main.ts';
import { differences, type Facts, factsOf } from './compare-descriptors.ts';
import { conformance } from './h2spec.ts';

const HELP = `usage: npm run test:protocols -- [--only TEXT] [--write] [--left-out]

Compares the interface definitions with those in the packages that clients use, field by field. Asks servers on
127.0.0.1 by h2spec, and by clients of others, as they are: Python packages by hash in environments of their own, Go programs by version.
What cannot be had here is skipped with a word.

  --only TEXT  neither comparison nor h2spec, and only clients whose name has TEXT in it
  --write      puts what came of it into docs/clients.md
  --left-out   lists fields of theirs that are not in ours
`;

const ROOT = join(import.meta.dirname, '..', '..');

/** Where ours is another than theirs on purpose. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  'inference.RepositoryModelLoadResponse.model_name': "KServe's; Triton's answer has no fields",
  'inference.RepositoryModelLoadResponse.isLoaded': "KServe's; Triton's answer has no fields",
  'inference.RepositoryModelUnloadResponse.model_name': "KServe's; Triton's answer has no fields",
  'inference.RepositoryModelUnloadResponse.isUnloaded': "KServe's; Triton's answer has no fields",
};

/** Files of theirs that have another name than ours. */
const NAMES: Readonly<Record<string, string>> = {
  'grpc/health/v1/health.proto': 'grpc_health/v1/health.proto',
  'grpc/reflection/v1alpha/reflection.proto': 'grpc_reflection/v1alpha/reflection.proto',
  'grpc/reflection/v1/reflection.proto': 'grpc_reflection/v1alpha/reflection.proto', // Python has no v1; they say the same
};

/** KServe's own description of Triton's service. Where it says otherwise of the same call, ours is Triton's. */
const KSERVE = 'grpc_predict_v2.proto';
const NOT_KSERVES: ReadonlySet<string> = new Set([
  'inference.RepositoryModelLoadRequest.model_name',
  'inference.RepositoryModelUnloadRequest.model_name',
]);

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      write: { type: 'boolean', default: false },
      'left-out': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const wrong = values.only === undefined ? await compareDefinitions(values['left-out']) : 0;
  const unlike =
    values.only === undefined ? await conformance(ROOT, (line) => process.stdout.write(`${line}\n`)) : 0;
  const failed = await tryClients(values.only ?? '', values.write, say);
  process.stdout.write(
    `${wrong} definitions wrong, ${unlike} of h2spec's cases failed, ${failed} calls of clients failed\n`,
  );
  return wrong + unlike + failed === 0 ? 0 : 1;
}

/** @returns how many fields, values and methods are otherwise than theirs */
async function compareDefinitions(showLeftOut: boolean): Promise<number> {
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const bin = await makeVenv(ROOT, 'protocols', requirements, say, ['--no-deps']);
  const theirs = readDescriptors(bin);
  let faults = 0;
  const roots = [
    PREDICTION_SERVICE_FILE,
    MODEL_SERVICE_FILE,
    PREDICTION_LOG_FILE,
    GRPC_SERVICE_FILE,
    HEALTH_FILE,
  ];
  for (const file of withImports([...roots, ...REFLECTION_FILES])) {
    const known = theirs.get(NAMES[file.name] ?? file.name);
    if (known === undefined) throw new FatalError(`${file.name} is in none of the packages`);
    const { wrong, leftOut } = differences(factsOf(fileDescriptor(file)), renamed(known, file));
    const unexpected = wrong.filter((fault) => ON_PURPOSE[fault.slice(0, fault.indexOf(':'))] === undefined);
    for (const fault of unexpected) say(`${file.name}: ${fault}`);
    faults += unexpected.length;
    process.stdout.write(`${file.name}: ${unexpected.length} wrong, ${leftOut.length} left out\n`);
    if (showLeftOut) for (const name of leftOut) process.stdout.write(`  ${name}\n`);
  }
  const kserve = theirs.get(KSERVE) ?? new Map<string, string>();
  const { wrong } = differences(kserve, factsOf(fileDescriptor(GRPC_SERVICE_FILE)));
  const unexpected = wrong.filter((fault) => !NOT_KSERVES.has(fault.slice(0, fault.indexOf(':'))));
  for (const fault of unexpected) say(`${KSERVE}: ${fault}`);
  process.stdout.write(`${KSERVE}: ${unexpected.length} of ${kserve.size} wrong\n`);
  if (kserve.size === 0) throw new FatalError(`${KSERVE} is in none of the packages`);
  return faults + unexpected.length;
}

/** Theirs as if its package were ours. */
function renamed(facts: Facts, file: FileSpec): Facts {
  if (file.package !== 'grpc.reflection.v1') return facts;
  const rename = (text: string) => text.replaceAll('grpc.reflection.v1alpha', file.package);
  return new Map([...facts].map(([name, fact]) => [rename(name), rename(fact)]));
}

function readDescriptors(bin: string): Map<string, Facts> {
  const packages = execFileSync(join(bin, 'python'), [
    '-c',
    'import sysconfig; print(sysconfig.get_path("purelib"))',
  ]);
  const script = join(import.meta.dirname, 'descriptors.py');
  const json = execFileSync(join(bin, 'python'), [script, String(packages).trim()], { maxBuffer: 1 << 28 });
  const found: unknown = JSON.parse(String(json));
  const facts = new Map<string, Facts>();
  for (const [name, base64] of Object.entries(found ?? {})) {
    facts.set(name, factsOf(Buffer.from(String(base64), 'base64')));
  }
  return facts;
}

function withImports(files: readonly FileSpec[]): FileSpec[] {
  return [...new Set(files.flatMap((file) => [...withImports(file.imports), file]))];
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof FatalError ? error.exitCode : 1;
}
