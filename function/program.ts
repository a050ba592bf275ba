import { join } from 'node:path';
import { performance } from 'node:perf_hooks'; // by its name, as the global's type is a browser's, for the page
import { pino } from 'pino';
import { FatalError, messageOf } from './errors.ts';
import { helpText, parseCommand } from './process/command-line.ts';
import type { Options } from './process/options.ts';
import { ServerProcess } from './process/server-process.ts';
import { translateCommandLine } from './process/tf-serving-files.ts';
import { ColdStart } from './telemetry/cold-start.ts';
import { createLogger } from './telemetry/logger.ts';
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
  const runId = mintRunId(Date.now());
  // Written at once: a line about a crash must not be lost with the process.
  const destination = pino.destination({ dest: 1, sync: true });
  destination.on('error', () => {}); // a full disk or a closed pipe must not stop the answers
  const logger = createLogger(options.logLevel, runId, options.revision, destination);
  for (const notice of notices) logger.warn(notice);
  const { revision } = options;
  const tracer = await openTracer(process.env, { runId, version, revision, logger });
  const server = new ServerProcess({
    options,
    root: ROOT,
    nativeFolder: join(ROOT, 'dist', 'native'),
    runId,
    logger,
    coldStart,
    tracer,
  });
  process.on('exit', (code) => server.leave(code));
  let stopping = false;
  const stop = (signal: NodeJS.Signals, code: number) => {
    if (stopping) process.exit(128 + code);
    stopping = true;
    logger.info({ signal }, 'draining; a second signal exits at once');
    server.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await server.start();
}

/** One line on stderr that says what to do; no stack trace. */
function fail(error: unknown): never {
  process.stderr.write(`celsiusify: ${messageOf(error)}\n`);
  process.exit(error instanceof FatalError ? error.exitCode : 1);
}

process.on('uncaughtException', fail);
main().catch(fail);
