import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What a load process is told to do; sent over Node's IPC channel. */
export const Job = Type.Object({
  /** Closed loop (`rate_per_s` 0) by one of two clients, an open loop, or connections that are held open. */
  kind: Type.Enum(['autocannon', 'undici', 'hold', 'release']),
  origin: Type.String(),
  path: Type.String(),
  body: Type.String(),
  /** The right answer's body, as the server gave it before the load. */
  answer: Type.String(),
  /** More of such pairs: connections take turns (undici alone), so that an answer to another one's question shows. */
  others: Type.Optional(Type.Array(Type.Object({ body: Type.String(), answer: Type.String() }))),
  /** Of right answers' numbers, as a share of the largest; 0 when not given. */
  tolerance: Type.Optional(Type.Number({ minimum: 0 })),
  connections: Type.Integer({ minimum: 0 }),
  rate_per_s: Type.Number({ minimum: 0 }),
  warmup_s: Type.Number({ minimum: 0 }),
  duration_s: Type.Number({ minimum: 0 }),
  /** A request without an answer for so long is an error. */
  timeout_s: Type.Number({ minimum: 0 }),
  /** How long undici's loads wait for the last answers before they call them unfinished. */
  drain_s: Type.Number({ minimum: 0 }),
  /** Whether an open loop's connections stay open for the next one that asks the same. */
  keep_open: Type.Boolean(),
  /** Root of the server's process tree, when it is on this machine. */
  pid: Nullable(Type.Integer()),
  /** The histogram's tag. */
  tag: Type.String(),
});
export type Job = Static<typeof Job>;

export const Outcome = Type.Object({
  duration_s: Type.Number(),
  /** Answered rightly, within the time that counts. */
  requests: Type.Integer(),
  errors: Type.Integer(),
  /** How often each kind of error came. */
  error_kinds: Type.Record(Type.String(), Type.Integer()),
  wrong_answers: Type.Integer(),
  /** The first of them, cut short. */
  wrong_answer: Nullable(Type.String()),
  /** Open loop: arrivals within the time that counts. */
  intended: Type.Integer(),
  /** Requests that had no answer when the client stopped waiting; slower than all others to the percentiles. */
  unfinished: Type.Integer(),
  p50_ms: Nullable(Type.Number()),
  p90_ms: Nullable(Type.Number()),
  p99_ms: Nullable(Type.Number()),
  p999_ms: Nullable(Type.Number()),
  max_ms: Nullable(Type.Number()),
  service_p50_ms: Nullable(Type.Number()),
  service_p99_ms: Nullable(Type.Number()),
  late_p50_ms: Nullable(Type.Number()),
  late_p99_ms: Nullable(Type.Number()),
  server_cpu_us: Nullable(Type.Number()),
  /** Of the server's first thread alone, which runs the event loop where there is one. */
  server_main_thread_us: Nullable(Type.Number()),
  client_cpu_us: Type.Number(),
  /** Of everything on this machine. */
  machine_cpu_us: Type.Number(),
  rss_bytes: Nullable(Type.Number()),
  anonymous_bytes: Nullable(Type.Number()),
  log_line: Type.String(),
});
export type Outcome = Static<typeof Outcome>;

/** What a load process answers: an outcome, or why there is none. */
export const Reply = Type.Union([
  Type.Object({ outcome: Outcome }),
  Type.Object({ failure: Type.String() }),
  Type.Object({ ready: Type.Literal(true) }),
]);
export type Reply = Static<typeof Reply>;

const job = Compile(Job);
const reply = Compile(Reply);

/** @throws {TypeError} for a message that is not a job: the two processes are of different versions */
export function parseJob(message: unknown): Job {
  if (!job.Check(message)) throw new TypeError(`not a job: ${job.Errors(message)[0]?.message}`);
  return message;
}

/** @throws {TypeError} as parseJob does */
export function parseReply(message: unknown): Reply {
  if (!reply.Check(message)) throw new TypeError(`not a reply: ${reply.Errors(message)[0]?.message}`);
  return message;
}
