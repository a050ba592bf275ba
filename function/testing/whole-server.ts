import { join } from 'node:path';
import { parseCommand } from '../process/command-line.ts';
import { ServerProcess } from '../process/server-process.ts';
import { ColdStart } from '../telemetry/cold-start.ts';
import { createLogger } from '../telemetry/logger.ts';
import { mintRunId } from '../telemetry/run-id.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** A real server inside a test: real TensorFlow, a real socket on a free port of 127.0.0.1. */
export interface TestServer {
  readonly process: ServerProcess;
  readonly url: string;
  readonly runId: string;
  /** Log lines written so far, parsed. */
  readonly logs: Record<string, unknown>[];
}

/** A folder of function/fixtures as a model's base path. */
export const fixture = (model: string): string => join(ROOT, 'function', 'fixtures', model);

/**
 * Starts a server and stops it when the test ends.
 *
 * @param env options by their environment variables; the rest are the defaults, but no drain delay
 */
export async function startServer(
  t: { teardown(close: () => unknown): unknown },
  env: Record<string, string> = {},
): Promise<TestServer> {
  const command = parseCommand([], {
    HOST: '127.0.0.1',
    PORT: '0',
    GRPC_PORT: '0',
    DRAIN_DELAY_MS: '0',
    DRAIN_TIMEOUT_MS: '0',
    ...env,
  });
  if (command.run !== 'serve') throw new Error('not a server');
  const { options } = command;
  const logs: Record<string, unknown>[] = [];
  const runId = mintRunId(Date.now());
  const logger = createLogger(options.logLevel, runId, options.revision, {
    write: (line) => logs.push(JSON.parse(line)),
  });
  const server = new ServerProcess({
    options,
    root: ROOT,
    nativeFolder: join(ROOT, 'dist', 'native'),
    runId,
    logger,
    coldStart: new ColdStart(0, performance.now()),
  });
  const port = await server.start();
  t.teardown(() => server.stop());
  return { process: server, url: `http://127.0.0.1:${port}`, runId, logs };
}
