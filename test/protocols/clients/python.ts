import { join } from 'node:path';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { makeVenv } from '../../../bench/venv.ts';
import { type Check, type Clients, checked, output, type Ports } from './check.ts';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..', '..');

const Line = Compile(Type.Object({ called: Type.String(), ok: Type.Boolean(), result: Type.String() }));

/** Clients in Python: packages that a requirements file pins, asked by a script. */
class PythonClients implements Clients {
  readonly name: string;
  readonly version: string;
  readonly #requirements: string;
  readonly #script: string;
  readonly #env: Readonly<Record<string, string>>;
  #bin = '';

  constructor(
    [name, version]: readonly [string, string],
    requirements: string,
    script: string,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.name = name;
    this.version = version;
    this.#requirements = requirements;
    this.#script = script;
    this.#env = env;
  }

  async prepare(say: (line: string) => void): Promise<void> {
    const file = join(HERE, `requirements-${this.#requirements}.txt`);
    this.#bin = await makeVenv(ROOT, `clients-${this.#requirements}`, file, say);
  }

  async check({ http, grpc }: Ports): Promise<readonly Check[]> {
    const args = [join(HERE, `${this.#script}.py`), String(http), String(grpc)];
    const said = await output(join(this.#bin, 'python'), args, this.#env);
    return said
      .trim()
      .split('\n')
      .map((text) => {
        const line: unknown = JSON.parse(text);
        if (!Line.Check(line)) throw new Error(`${this.#script}.py printed ${text}`);
        return line;
      });
  }
}

/** @param configFile what the server serves, for a client that sends it anew */
export function pythonClients(configFile: string): Clients[] {
  return [
    new PythonClients(['tensorflow-serving-api', '2.21.0'], 'tensorflow', 'tensorflow_serving_clients', {
      MODEL_CONFIG_FILE: configFile,
    }),
    new PythonClients(['tritonclient[http,grpc]', '2.73.0'], 'v2', 'triton_clients'),
    new PythonClients(['kserve', '0.21.0'], 'v2', 'kserve_clients'),
    new PythonClients(['open-inference-grpc, -openapi', '2.0.0, 2.0.0.1'], 'v2', 'open_inference_clients'),
    new PythonClients(['ovmsclient', '2023.1'], 'ovms', 'ovms_clients'),
  ];
}

/** Triton's load tool, which is a program in a wheel of tritonclient's. */
export class PerfAnalyzer implements Clients {
  readonly name = 'perf_analyzer';
  readonly version = '2.48.0';
  #bin = '';

  async prepare(say: (line: string) => void): Promise<void> {
    const bin = await makeVenv(ROOT, 'clients-perf', join(HERE, 'requirements-perf.txt'), say);
    this.#bin = bin;
    const missing = (await output('ldd', [join(bin, 'perf_analyzer')], this.#env()))
      .split('\n')
      .flatMap((line) => (line.includes('not found') ? [line.trim().split(' ')[0]] : []));
    if (missing.length > 0)
      throw new Error(`${missing.join(', ')} missing (Debian: apt-get install libb64-0d)`);
  }

  #env(): Record<string, string> {
    const site = join(this.#bin, '..', 'lib');
    const python = 'python3.11';
    return { LD_LIBRARY_PATH: join(site, python, 'site-packages/nvidia/cuda_runtime/lib') };
  }

  async check({ http, grpc }: Ports): Promise<readonly Check[]> {
    const kinds = [
      ['--service-kind triton -i http (V2)', ['triton', '-i', 'http', '-u', `127.0.0.1:${http}`]],
      ['--service-kind triton -i grpc (V2)', ['triton', '-i', 'grpc', '-u', `127.0.0.1:${grpc}`]],
      [
        '--service-kind tfserving -i grpc',
        ['tfserving', '-i', 'grpc', '-u', `127.0.0.1:${grpc}`, '--model-signature-name', 'serving_default'],
      ],
    ] as const;
    const load = [
      '-m',
      'celsius',
      '--shape',
      'fahrenheit:2',
      '--request-count',
      '200',
      '--concurrency-range',
      '4',
    ];
    const checks: Check[] = [];
    for (const [called, kind] of kinds) {
      checks.push(
        await checked(called, async () => {
          const said = await output(
            join(this.#bin, 'perf_analyzer'),
            ['--service-kind', ...kind, ...load],
            this.#env(),
          );
          if (!/Request count: 200\b/.test(said)) throw new Error(said);
          return '200 requests';
        }),
      );
    }
    return checks;
  }
}
