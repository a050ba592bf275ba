import { join } from 'node:path';
import { performance } from 'node:perf_hooks'; // by its name, as the global's type is a browser's, for the page
import { pino } from 'pino';
import { FatalError, messageOf } from './errors.ts';
import { exitAtOnce } from './native/preload.ts';
import { helpText, parseCommand } from './process/command-line.ts';
import type { Options } from './process/options.ts';
import { ServerProcess } from './process/server-process.ts';
import { translateCommandLine } from './process/tf-serving-files.ts';
import { ColdStart } from './telemetry/cold-start.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { openTracer } from './telemetry/open-tracer.ts';
import { mintRunId } from './telemetry/run-id.ts';
import { version } from './version.ts';

/** Both function/ and dist/ lie in the folder that holds model/. */
const ROOT = join(import.meta.dirname, '..');

async function main(): Promise<void> {
  const coldStart = new ColdStart(performance.nodeTiming.bootstrapComplete, performance.now());
  const { argv, notices } = await translateCommandLine(process.argv.slice(2));
  const command = parseCommand(argv, process.env);
  if (command.run === 'help') process.stdout.write(helpText());
  else if (command.run === 'version') process.stdout.write(`${version}\n`);
  else await serve(command.options, coldStart, notices);
}

async function serve(options: Options, coldStart: ColdStart, notices: readonly string[]): Promise<void> {
  // Whose modules take 6 ms to load.
  const loops = options.eventLoops === 1 ? undefined : await import('./process/event-loops.ts');
  const loop = loops?.thisLoop();
  const runId = loop?.runId ?? mintRunId(Date.now());
  // Written at once: a line about a crash must not be lost with the process.
  const destination = pino.destination({ dest: 1, sync: true });
  destination.on('error', () => {}); // a full disk or a closed pipe must not stop the answers
  const { revision } = options;
  const processLogger = createLogger(options.logLevel, runId, revision, destination);
  const logger = loop === undefined ? processLogger : processLogger.child({ eventLoop: loop.index });
  if (loop === undefined) for (const notice of notices) logger.warn(notice);
  if (loops !== undefined && loop === undefined) {
    const all = new loops.EventLoops({ options, runId, logger, program: process.argv[1] ?? '' });
    onSignals(logger, () => all.stop(), exitAtOnce);
    return all.start();
  }
  const tracer = await openTracer(process.env, { runId, version, revision, logger });
  const server = new ServerProcess({
    options: loop?.options ?? options,
    root: ROOT,
    nativeFolder: join(ROOT, 'dist', 'native'),
    runId,
    logger,
    coldStart,
    tracer,
    loop,
  });
  if (loop !== undefined) return loop.run(server);
  process.on('exit', (code) => server.leave(code));
  onSignals(logger, () => server.stop().then(() => process.exit(0), fail), process.exit);
  await server.start();
}

function onSignals(logger: Logger, stop: () => unknown, exit: (code: number) => never): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals, code: number) => {
    if (stopping) exit(128 + code);
    stopping = true;
    logger.info({ signal }, 'draining; a second signal exits at once');
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** One line on stderr that says what to do; no stack trace. */
function fail(error: unknown): never {
  process.stderr.write(`celsiusify: ${messageOf(error)}\n`);
  process.exit(error instanceof FatalError ? error.exitCode : 1);
}

process.on('uncaughtException', fail);
main().catch(fail);
