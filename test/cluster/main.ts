import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CoreV1Api } from '@kubernetes/client-node';
import { messageOf } from '../../function/errors.ts';
import { connect } from '../../knative/cluster.ts';
import { explain } from '../../knative/errors.ts';
import { options, RUN_LABEL } from './settings.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
/** Each is a file NAME.system.ts. */
const all = ['dry-run', 'helm', 'models', 'rollout', 'grpc', 'slow', 'autoscaling', 'knative'];
/** Want more than a cluster with Knative: they run where they are named. */
const onDemand = ['kserve'];

/** `locustImage` is --locust-image. */
const flag = (name: string) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

const usage = `npm run test:cluster -- [OPTION…] [TEST…]
Runs the tests that need a cluster with Knative: ${all.join(', ')} (default: all);
where it is named ${onDemand.join(', ')}, which needs KServe too.
Each option can be given as a variable too.

${Object.entries(options)
  .map(([name, o]) => {
    const left = `  --${flag(name)} ${o.value}`.padEnd(32);
    return `${left}${o.help}${o.default ? ` (${o.default})` : ''}; ${o.env}`;
  })
  .join('\n')}
  --help                          show this
`;

/** @returns the exit code */
async function main(): Promise<number> {
  let names: string[];
  const env: NodeJS.ProcessEnv = { ...process.env };
  try {
    const spec = Object.keys(options).map((name) => [flag(name), { type: 'string' as const }]);
    const config = { ...Object.fromEntries(spec), help: { type: 'boolean' as const } };
    const { values, positionals } = parseArgs({ options: config, allowPositionals: true });
    if (Reflect.get(values, 'help') === true) {
      process.stdout.write(usage);
      return 0;
    }
    for (const [name, option] of Object.entries(options)) {
      const value: unknown = Reflect.get(values, flag(name));
      if (typeof value === 'string') env[option.env] = value;
    }
    const known = [...all, ...onDemand];
    const unknown = positionals.find((name) => !known.includes(name));
    if (unknown) throw new Error(`no test ${unknown}: there are ${known.join(', ')}`);
    names = positionals.length > 0 ? positionals : all;
  } catch (error) {
    process.stderr.write(`test:cluster: ${messageOf(error)}; see --help\n`);
    return 2;
  }
  const of = (name: keyof typeof options) => env[options[name].env] || options[name].default;
  env.CLUSTER_RUN = randomBytes(3).toString('hex');
  env[options.out.env] = resolve(of('out'));

  const cluster = connect(
    { kubeconfig: of('kubeconfig') || undefined, context: of('context') || undefined },
    env,
  );
  const core = cluster.config.makeApiClient(CoreV1Api);
  try {
    await core.listNamespace({ limit: 1 });
  } catch (error) {
    throw explain(error, { server: cluster.server, namespace: cluster.namespace });
  }

  const files = names.map((name) => `${here}${name}.system.ts`);
  // One after the other: they measure.
  const args = ['--jobs=1', '--disable-coverage', '--timeout=3600', ...files];
  const tap = spawn(fileURLToPath(new URL('../../node_modules/.bin/tap', import.meta.url)), args, {
    stdio: 'inherit',
    env,
    // A process group of its own, so that a signal ends its tests too; what they have left is removed below.
    detached: true,
  });
  const forward = (signal: NodeJS.Signals) => tap.pid !== undefined && process.kill(-tap.pid, signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  const [code] = await once(tap, 'exit');

  const labelSelector = `${RUN_LABEL}=${env.CLUSTER_RUN}`;
  const left = await core.listNamespace({ labelSelector });
  for (const { metadata, status } of left.items) {
    if (metadata?.name && status?.phase !== 'Terminating')
      await core.deleteNamespace({ name: metadata.name });
  }
  process.stderr.write(`Results: ${env[options.out.env]}\n`);
  return code === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`test:cluster: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
