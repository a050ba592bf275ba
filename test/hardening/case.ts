import { type ChildServer, type SpawnOptions, spawnServer } from '../../function/testing/child-process.ts';
import { exchange, post } from '../../function/testing/socket.ts';
import { peakMemory } from './measure.ts';

/** What a hardening test found; a row of the table. */
export interface Finding {
  readonly sent: string;
  readonly came: string;
  /** Most memory that the server held, in bytes; undefined where none was running. */
  readonly peak?: number;
}

/** One row of the table: throws where the server did not stand. */
export interface HardeningTest {
  readonly name: string;
  run(): Promise<Finding>;
}

/** A server for one test: its URL, and its peak memory at the end. */
export async function withServer<T extends Omit<Finding, 'peak'>>(
  options: SpawnOptions,
  test: (url: string, server: ChildServer) => Promise<T>,
): Promise<Finding> {
  const server = spawnServer(options);
  try {
    const url = await server.ready;
    const finding = await test(url, server);
    await expectRight(url);
    return { peak: peakMemory(server.pid), ...finding };
  } finally {
    server.child.kill('SIGKILL');
    await server.ended;
  }
}

/** The server still answers, and rightly. */
export async function expectRight(url: string): Promise<void> {
  const answer = await exchange(url, post('/celsius', '{"fahrenheit":[212,98.6,-40]}'));
  if (answer?.status !== 200 || !answer.body.startsWith('{"celsius":[100,37,-40]'))
    throw new Error(`212, 98.6 and −40 °F gave ${answer?.status} ${answer?.body}`);
}

/** How often each value occurs, as `408: 200, none: 3`. */
export function tally(values: Iterable<string | number | undefined>): string {
  const counts = new Map<string, number>();
  for (const value of values)
    counts.set(String(value ?? 'no answer'), (counts.get(String(value ?? 'no answer')) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, count]) => `${value}: ${count}`)
    .join(', ');
}

export function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
