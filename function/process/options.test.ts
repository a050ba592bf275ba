import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { FatalError } from '../errors.ts';
import { flagOf, helpText, parseCommand } from './command-line.ts';
import { OPTIONS, type Options } from './options.ts';

function optionsOf(argv: string[], env: Record<string, string | undefined> = {}): Options {
  const command = parseCommand(argv, env);
  if (command.run !== 'serve') throw new Error(`it is ${command.run}`);
  return command.options;
}

interface Case {
  readonly initial: Options[keyof Options];
  /** Text and what it is read as. */
  readonly good: readonly (readonly [string, Options[keyof Options]])[];
  readonly bad: readonly string[];
}

const number = (initial: number, min: number, max: number): Case => ({
  initial,
  good: [
    [String(min), min],
    [String(max), max],
  ],
  bad: [String(min - 1), String(max + 1), '1.5', '1e3', '0x10', ' 1', 'many', 'NaN', '9'.repeat(30)],
});

const cases: Record<keyof Options, Case> = {
  host: {
    initial: '::',
    good: [
      ['::1', '::1'],
      ['fe80::1%eth0', 'fe80::1%eth0'],
      ['localhost', 'localhost'],
    ],
    bad: ['http://localhost', 'a b', '[::1]'],
  },
  port: number(8080, 0, 65535),
  grpcPort: number(8500, 0, 65535),
  tlsCertFile: { initial: '', good: [['/tls/tls.crt', '/tls/tls.crt']], bad: [] },
  tlsKeyFile: { initial: '', good: [['/tls/tls.key', '/tls/tls.key']], bad: [] },
  tlsClientCaFile: { initial: '', good: [['/tls/ca.crt', '/tls/ca.crt']], bad: [] },
  tlsPorts: {
    initial: 'all',
    good: [
      ['all', 'all'],
      ['http', 'http'],
      ['grpc', 'grpc'],
    ],
    bad: ['both', 'HTTP'],
  },
  modelName: {
    initial: 'celsius',
    good: [['half_plus_two-v1.0', 'half_plus_two-v1.0']],
    bad: ['a/b', 'a:b', 'a b', 'ü', 'x'.repeat(129)],
  },
  modelBasePath: { initial: 'model/celsius', good: [['/models/any one', '/models/any one']], bad: [] },
  modelsDir: { initial: '', good: [['/models', '/models']], bad: [] },
  modelConfigFile: { initial: '', good: [['/config/models.config', '/config/models.config']], bad: [] },
  modelConfigFilePollWaitSeconds: number(1, 0, 86_400),
  allowReloadConfig: {
    initial: true,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['1', 'yes', 'True'],
  },
  allowModelControl: {
    initial: false,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['1', 'yes', 'True'],
  },
  fileSystemPollWaitSeconds: number(1, 0, 86_400),
  maxNumLoadRetries: number(5, 0, 1e6),
  loadRetryIntervalMs: number(60_000, 0, 3_600_000),
  numLoadThreads: number(2, 1, 64),
  unloadFirst: {
    initial: false,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['1', 'yes'],
  },
  readyWhen: {
    initial: 'all',
    good: [
      ['any', 'any'],
      ['all', 'all'],
    ],
    bad: ['ALL', 'some'],
  },
  batching: {
    initial: 'auto',
    good: [
      ['true', 'true'],
      ['false', 'false'],
      ['auto', 'auto'],
    ],
    bad: ['yes', 'TRUE', '1'],
  },
  maxBatchRows: number(4096, 1, 1e6),
  batchTimeoutMicros: number(0, 0, 60e6),
  opLibraries: {
    initial: [],
    good: [
      ['/ops/_a.so', ['/ops/_a.so']],
      ['/ops,b/c.so', ['/ops', 'b/c.so']],
    ],
    bad: [],
  },
  enableModelWarmup: {
    initial: true,
    good: [['false', false]],
    bad: ['no'],
  },
  numRequestIterationsForWarmup: number(1, 1, 1e6),
  allowedBatchSizes: {
    initial: [],
    good: [
      ['1', [1]],
      ['2,4,8', [2, 4, 8]],
    ],
    bad: ['0', '4,2', '2,2', '1,', 'a', '1.5', '-1', '1000001'],
  },
  maxQueueRows: number(65536, 1, 1e7),
  maxQueueBytes: number(268_435_456, 1, 2 ** 40),
  requestDeadlineMs: number(30_000, 0, 3_600_000),
  threads: number(0, 0, 1024),
  run: {
    initial: 'auto',
    good: [
      ['loop', 'loop'],
      ['pool', 'pool'],
    ],
    bad: ['true', 'Pool', 'thread'],
  },
  mixedPrecision: { initial: 'off', good: [['bfloat16', 'bfloat16']], bad: ['true', 'float16', 'BF16'] },
  intraOpThreads: number(1, 0, 1024),
  interOpThreads: number(-1, -1, 1024),
  bodyLimitBytes: number(8_388_608, 1, 2 ** 30),
  bodiesLimitBytes: number(134_217_728, 1, 2 ** 40),
  maxConnections: number(16384, 1, 1e6),
  corsOrigins: {
    initial: [],
    good: [
      ['*', ['*']],
      ['https://App.example.com', ['https://app.example.com']],
      ['http://localhost:3000, capacitor://localhost', ['http://localhost:3000', 'capacitor://localhost']],
    ],
    bad: [
      'app.example.com',
      'https://app.example.com/',
      'https://a.example;https://b.example',
      'https://*.example',
      ',',
    ],
  },
  headersTimeoutMs: number(10_000, 1, 600_000),
  requestTimeoutMs: number(30_000, 1, 600_000),
  keepAliveTimeoutMs: number(75_000, 1, 3_600_000),
  drainDelayMs: number(5_000, 0, 600_000),
  drainTimeoutMs: number(10_000, 0, 600_000),
  metricsPort: number(0, 0, 65535),
  metricsToken: { initial: '', good: [['s3cret!', 's3cret!']], bad: ['two words', 'ü', 'x'.repeat(257)] },
  logLevel: {
    initial: 'info',
    good: [
      ['warn', 'warn'],
      ['silent', 'silent'],
    ],
    bad: ['WARN', 'verbose'],
  },
  eventLoops: number(1, 1, 64),
  winograd: {
    initial: true,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['0', 'off'],
  },
  freeze: {
    initial: true,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['1', 'yes', 'True'],
  },
  logRequests: {
    initial: false,
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['1', 'yes', 'True'],
  },
  revision: { initial: '', good: [['celsius-00001', 'celsius-00001']], bad: [] },
};

const keys = Object.keys(OPTIONS) as (keyof Options)[];
t.same(Object.keys(cases).sort(), [...keys].sort(), 'each option has a case');

for (const key of keys) {
  const { env } = OPTIONS[key];
  const flag = `--${flagOf(OPTIONS[key])}`;
  const { initial, good, bad } = cases[key];

  t.test(`${flag} and ${env}`, async (t) => {
    t.same(optionsOf([])[key], initial, 'its default');
    t.same(optionsOf([], { [env]: '' })[key], initial, 'an empty variable counts as not set');
    for (const [text, value] of good) {
      t.same(optionsOf([`${flag}=${text}`])[key], value, `${flag}=${text}`);
      t.same(optionsOf([], { [env]: text })[key], value, `${env}=${text}`);
      t.same(optionsOf([`${flag}=${text}`], { [env]: bad[0] })[key], value, 'the flag wins');
    }
    const { allowed } = OPTIONS[key];
    for (const text of bad) {
      const tail = `: ${JSON.stringify(text)} is not ${allowed}`;
      t.throws(
        () => optionsOf([`${flag}=${text}`]),
        { exitCode: 2, message: flag + tail },
        `${flag}=${text}`,
      );
      t.throws(() => optionsOf([], { [env]: text }), { exitCode: 2, message: env + tail }, `${env}=${text}`);
    }
    const line = helpText()
      .split('\n')
      .find((each) => each.includes(`${flag} `));
    t.ok(line?.includes(` ${env} `), '--help names the variable');
    t.ok(line?.endsWith(`[${initial}]`), `--help tells the default: ${line}`);
  });
}

t.test('flags that are none', async (t) => {
  for (const argv of [['--prot=1'], ['serve'], ['--port'], ['--port', '-1'], ['-x'], ['--help=1']]) {
    t.throws(() => parseCommand(argv, {}), { exitCode: 2, message: /; see --help$/ }, argv.join(' '));
  }
});

t.test('variables that are no options are left alone', async (t) => {
  t.same(optionsOf([], { PATH: '/bin', CELSIUS_PORT: 'tcp://10.0.0.1:80' }), optionsOf([]));
});

t.test('a value beside its flag, and the last of two', async (t) => {
  t.equal(optionsOf(['--port', '9000']).port, 9000);
  t.equal(optionsOf(['--port', '9000', '--port', '9001']).port, 9001);
});

t.test('--help and --version, whatever else is there', async (t) => {
  for (const argv of [['--help'], ['-h'], ['--port=x', '--help']])
    t.same(parseCommand(argv, {}), { run: 'help' });
  for (const argv of [['--version'], ['-v']]) t.same(parseCommand(argv, { PORT: 'x' }), { run: 'version' });
});

t.test('--help is a text of lines that fit a wide terminal', async (t) => {
  const lines = helpText().split('\n');
  t.equal(lines.at(-1), '', 'ends with a newline');
  for (const line of lines) t.ok(line.length <= 180 && line === line.trimEnd(), line);
  for (const flag of ['--help', '--version']) t.ok(helpText().includes(`  ${flag} `));
});

t.test('the program says it on one line, and its exit code is 2', async (t) => {
  const run = (...argv: string[]) => {
    const main = join(import.meta.dirname, '..', 'main.ts');
    return spawnSync(process.execPath, [main, ...argv], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
  };
  const bad = run('--port=http');
  t.equal(bad.stderr, 'celsiusify: --port: "http" is not a whole number from 0 to 65535\n');
  t.equal(bad.stdout, '');
  t.equal(bad.status, 2);
  const ambiguous = run('--inter-op-threads', '-1');
  t.match(ambiguous.stderr, /^celsiusify: .*--inter-op-threads[^\n]*; see --help\n$/);
  t.equal(ambiguous.status, 2);
  const help = run('--help');
  t.same([help.stdout, help.stderr, help.status], [helpText(), '', 0]);
  const version = run('--version');
  t.match(version.stdout, /^\S+\n$/);
  t.equal(version.status, 0);
});

t.test('what is thrown is a FatalError', async (t) => {
  t.throws(() => optionsOf(['--port=x']), FatalError);
});
