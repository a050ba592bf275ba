import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../bench/targets/start.ts';
import { fill, table } from '../../../docs/sections.ts';
import { messageOf } from '../../../function/errors.ts';
import { spawnServer } from '../../../function/testing/child-process.ts';
import type { Check, Clients, Ports } from './check.ts';
import { Grpcurl, HealthProbe } from './go.ts';
import { GrpcJs } from './node.ts';
import { PerfAnalyzer, pythonClients } from './python.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const DOCUMENT = join(ROOT, 'docs/clients.md');

/** Models by name, their folders, and more of their configuration. */
const MODELS: readonly (readonly [name: string, folder: string, more?: string])[] = [
  ['celsius', 'model/celsius'],
  ['types', 'function/fixtures/types'],
  ...['dtypes', 'examples', 'module', 'slow', 'double'].map(
    (name) => [name, `function/fixtures/tf-serving-models/${name}`] as const,
  ),
  [
    'shift',
    'function/fixtures/tf-serving-models/shift',
    'model_version_policy { specific { versions: 1 versions: 2 } } version_labels { key: "stable" value: 1 }',
  ],
];

interface Tried {
  readonly clients: Clients;
  /** Why it was not tried, where it was not. */
  readonly skipped: string | undefined;
  readonly checks: readonly Check[];
}

/**
 * Asks a server by the clients of others, as they are.
 *
 * @param only part of their names; '' for all
 * @param write whether the table in docs/clients.md is to say what came of it
 * @returns how many checks failed
 */
export async function tryClients(only: string, write: boolean, say: (line: string) => void): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-clients-'));
  const configFile = join(folder, 'models.config');
  writeFileSync(configFile, configText());
  const all = [
    ...pythonClients(configFile),
    new Grpcurl(),
    new HealthProbe(),
    new PerfAnalyzer(),
    new GrpcJs(),
  ];
  const chosen = all.filter(({ name }) => name.includes(only));
  const grpc = await freePort();
  const server = spawnServer({
    env: { GRPC_PORT: String(grpc), MODEL_CONFIG_FILE: configFile, ALLOW_MODEL_CONTROL: 'true' },
  });
  const tried: Tried[] = [];
  try {
    const ports = { http: Number(new URL(await server.ready).port), grpc };
    for (const clients of chosen) {
      const one = await tryOne(clients, ports, say);
      tried.push(one);
      show(one);
    }
  } finally {
    server.child.kill('SIGTERM');
    await server.ended;
    rmSync(folder, { recursive: true });
  }
  if (write) writeFileSync(DOCUMENT, withTable(readFileSync(DOCUMENT, 'utf8'), tried));
  return tried.flatMap(({ checks }) => checks).filter(({ ok }) => !ok).length;
}

async function tryOne(clients: Clients, ports: Ports, say: (line: string) => void): Promise<Tried> {
  try {
    await clients.prepare(say);
  } catch (error) {
    return { clients, skipped: firstLine(messageOf(error)), checks: [] };
  }
  try {
    return { clients, skipped: undefined, checks: await clients.check(ports) };
  } catch (error) {
    return {
      clients,
      skipped: undefined,
      checks: [{ called: 'the script', ok: false, result: messageOf(error) }],
    };
  }
}

function show({ clients: { name, version }, skipped, checks }: Tried): void {
  if (skipped !== undefined) process.stdout.write(`${name} ${version}: skipped: ${skipped}\n`);
  for (const { called, ok, result } of checks) {
    const more = result === '' ? '' : `: ${ok ? result : `\n    ${result.replaceAll('\n', '\n    ')}`}`;
    process.stdout.write(`${name} ${version}: ${called}: ${ok ? 'passed' : 'FAILED'}${more}\n`);
  }
}

function withTable(document: string, tried: readonly Tried[]): string {
  const rows = tried.flatMap(({ clients: { name, version }, skipped, checks }) => {
    if (skipped !== undefined) return [[name, version, '', `not tried: ${skipped}`]];
    return checks.map(({ called, ok, result }) => [
      name,
      version,
      called,
      ok ? result || 'as it should be' : '**failed**',
    ]);
  });
  const said = table(['Client', 'Version', 'Called', 'Result'], rows);
  return fill(document, new Map([['clients', said]]), 'docs/clients.md');
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

function configText(): string {
  const configs = MODELS.map(([name, folder, more = '']) => {
    const path = join(ROOT, folder);
    return `  config { name: "${name}" base_path: "${path}" model_platform: "tensorflow" ${more} }\n`;
  });
  return `model_config_list {\n${configs.join('')}}\n`;
}
