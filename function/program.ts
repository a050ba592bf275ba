import { join } from 'node:path';
import { performance } from 'node:perf_hooks'; // by its name, as the global's type is a browser's, for the page
import { pino } from 'pino';
import { FatalError, messageOf } from './errors.ts';
import { helpText, parseCommand } from './process/command-line.ts';
import type { Options } from './process/options.ts';
import { ServerProcess, type ServerProcessDeps } from './process/server-process.ts';
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
  if (options.eventLoops > 1) return serveByLoops(options, coldStart, notices);
  const runId = mintRunId(Date.now());
  const logger = loggerOf(options, runId);
  for (const notice of notices) logger.warn(notice);
  const server = await createServer({ options, runId, logger, coldStart });
  process.on('exit', (code) => server.leave(code));
  onSignals(logger, () => server.stop().then(() => process.exit(0), fail));
  await server.start();
}

/** The main thread looks after the others, which run this program, too. */
async function serveByLoops(
  options: Options,
  coldStart: ColdStart,
  notices: readonly string[],
): Promise<void> {
  const { EventLoops, thisLoop } = await import('./process/event-loops.ts'); // of modules that take 6 ms
  const loop = thisLoop();
  if (loop !== undefined) {
    const { runId, index } = loop;
    const logger = loggerOf(loop.options, runId).child({ eventLoop: index });
    return loop.run(() => createServer({ options: loop.options, runId, logger, coldStart, loop }));
  }
  const runId = mintRunId(Date.now());
  const logger = loggerOf(options, runId);
  for (const notice of notices) logger.warn(notice);
  const loops = new EventLoops({ options, runId, logger, program: process.argv[1] ?? '' });
  onSignals(logger, () => loops.stop());
  await loops.start();
}

function loggerOf({ logLevel, revision }: Options, runId: string): Logger {
  // Written at once: a line about a crash must not be lost with the process.
  const destination = pino.destination({ dest: 1, sync: true });
  destination.on('error', () => {}); // a full disk or a closed pipe must not stop the answers
  return createLogger(logLevel, runId, revision, destination);
}

async function createServer(
  deps: Pick<ServerProcessDeps, 'options' | 'runId' | 'logger' | 'coldStart' | 'loop'>,
): Promise<ServerProcess> {
  const { options, runId, logger } = deps;
  const tracer = await openTracer(process.env, { runId, version, revision: options.revision, logger });
  return new ServerProcess({ ...deps, root: ROOT, nativeFolder: join(ROOT, 'dist', 'native'), tracer });
}

function onSignals(logger: Logger, stop: () => unknown): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals, code: number) => {
    if (stopping) process.exit(128 + code);
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
