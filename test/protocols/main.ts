// npm run test:protocols: our interface definitions against those in the packages that clients use, field by field; and
// HTTP/2 as h2spec knows it.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
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
import { differences, type Facts, factsOf } from './compare-descriptors.ts';
import { conformance } from './h2spec.ts';

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

async function main(): Promise<number> {
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const say = (line: string) => process.stderr.write(`${line}\n`);
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
    if (process.argv.includes('--left-out')) for (const name of leftOut) process.stdout.write(`  ${name}\n`);
  }
  const kserve = theirs.get(KSERVE) ?? new Map<string, string>();
  const { wrong } = differences(kserve, factsOf(fileDescriptor(GRPC_SERVICE_FILE)));
  const unexpected = wrong.filter((fault) => !NOT_KSERVES.has(fault.slice(0, fault.indexOf(':'))));
  for (const fault of unexpected) say(`${KSERVE}: ${fault}`);
  process.stdout.write(`${KSERVE}: ${unexpected.length} of ${kserve.size} wrong\n`);
  faults += await conformance(ROOT, (line) => process.stdout.write(`${line}\n`));
  return faults + unexpected.length === 0 && kserve.size > 0 ? 0 : 1;
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
