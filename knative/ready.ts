import { FatalError } from '../function/errors.ts';
import type { Cluster } from './cluster.ts';
import type { Io } from './io.ts';
import { type Progress, progress } from './io.ts';
import { backsOff, isPod, podsOf, podTrouble, revisionOf, revisionTrouble } from './pods.ts';
import { asking, listRevisions, SERVICES } from './serving.ts';
import { type Condition, condition, KnativeService, parseObject, reasonOf } from './types.ts';
import { TimeoutError, watchUntil } from './watch.ts';

export interface ReadyOptions {
  readonly timeoutMs: number;
  /** How long Ready may be False before it counts as failed, ms: Knative shows passing troubles so too. */
  readonly failureWindowMs: number;
}

/**
 * Waits until Knative has seen the Service's last change and calls it Ready.
 * @throws {FatalError} with the revision's own reason when it failed, or has not become ready in time
 */
export async function waitReady(
  cluster: Cluster,
  name: string,
  options: ReadyOptions,
  io: Io,
): Promise<KnativeService> {
  const wait = progress(io);
  const over = new AbortController();
  const signal = AbortSignal.any([io.signal, over.signal]);
  const newest: Newest = {};
  const ready = asking(cluster, name, () => untilReady(cluster, name, options, signal, newest, wait));
  // Knative bears an image that cannot be pulled for ten minutes; the pods know at once.
  const stuck = asking(cluster, name, () =>
    untilStuck(cluster, name, newest, options.timeoutMs, signal),
  ).then(
    (trouble) => {
      throw new FatalError(
        failureLine(cluster, name, newest.revision ?? name, 'failed', trouble, newest.image),
      );
    },
    (error: unknown) => onTimeout(error) ?? ready,
  );
  // The one that loses ends by the abort, and nobody asks how.
  ready.catch(() => {});
  stuck.catch(() => {});
  try {
    return await Promise.race([ready, stuck]);
  } finally {
    over.abort();
    wait.done();
  }
}

/** What the watch of the Service last said of its newest revision. */
interface Newest {
  revision?: string;
  image?: string;
}

/** @returns the trouble of a pod of the newest revision that has been tried more than once */
function untilStuck(
  cluster: Cluster,
  name: string,
  newest: Newest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  const isStuck = (pod: unknown) => isPod(pod) && revisionOf(pod) === newest.revision && backsOff(pod);
  return watchUntil(
    cluster,
    podsOf(name),
    (pods) => {
      const pod = [...pods.values()].find(isStuck);
      return isPod(pod) ? podTrouble(pod) : undefined;
    },
    { timeoutMs, signal },
  );
}

async function untilReady(
  cluster: Cluster,
  name: string,
  { timeoutMs, failureWindowMs }: ReadyOptions,
  signal: AbortSignal,
  newest: Newest,
  wait: Progress,
): Promise<KnativeService> {
  const began = Date.now();
  const left = () => Math.max(1, timeoutMs - (Date.now() - began));

  /** Resolves when Knative has seen the last change and `accept` likes its Ready; undefined when the time is over. */
  const settled = (accept: (ready: string) => boolean, ms: number) =>
    watchUntil(
      cluster,
      { ...SERVICES, fieldSelector: `metadata.name=${name}` },
      (objects) => {
        const object = objects.get(name);
        if (object === undefined) throw new FatalError(`${name} was deleted while it was waited for`);
        const service = parseObject(KnativeService, object);
        const ready = condition(service.status?.conditions, 'Ready');
        const seen = service.status?.observedGeneration === service.metadata.generation;
        const revision = service.status?.latestCreatedRevisionName;
        if (seen && revision !== undefined) newest.revision = revision;
        const image = service.spec.template?.spec.containers[0]?.image;
        if (image !== undefined) newest.image = image;
        wait.update(`Waiting for ${name}: ${ready && seen ? reasonText(ready) : 'not seen by Knative yet'}`);
        return seen && accept(ready?.status ?? 'Unknown') ? service : undefined;
      },
      { timeoutMs: ms, signal },
    ).catch(onTimeout);

  for (;;) {
    const service = await settled((ready) => ready !== 'Unknown', left());
    if (service && condition(service.status?.conditions, 'Ready')?.status === 'True') return service;
    const healed =
      service && (await settled((ready) => ready !== 'False', Math.min(failureWindowMs, left())));
    if (!healed) throw new FatalError(await failure(cluster, name, service, timeoutMs));
  }
}

function onTimeout(error: unknown): undefined {
  if (!(error instanceof TimeoutError)) throw error;
}

function reasonText(ready: Condition): string {
  return ready.status === 'True' ? 'ready' : reasonOf(ready);
}

/** What Knative and the pods say of the newest revision. */
async function failure(
  cluster: Cluster,
  name: string,
  service: KnativeService | undefined,
  timeoutMs: number,
): Promise<string> {
  const newest = (await listRevisions(cluster, name))[0];
  const what = service ? 'failed' : `is not ready after ${Math.round(timeoutMs / 1000)} s`;
  if (!newest) {
    const said = reasonOf(condition(service?.status?.conditions, 'Ready'));
    return failureLine(cluster, name, name, what, said, undefined);
  }
  const revision = newest.metadata.name;
  const said = reasonOf(condition(newest.status?.conditions, 'Ready'));
  const why = (await revisionTrouble(cluster, revision)) ?? said;
  return failureLine(cluster, name, revision, what, why, newest.spec.containers[0]?.image);
}

/** One line: which revision, why, what to do. */
function failureLine(
  cluster: Cluster,
  name: string,
  revision: string,
  what: string,
  why: string,
  image: string | undefined,
): string {
  const status = `\`npm run knative -- status --name ${name} --namespace ${cluster.namespace}\` shows all of it`;
  const subject = revision === name ? name : `revision ${revision}`;
  return `${subject} ${what}: ${why}; ${advice(why, image)}${status}`;
}

/** What helps against the usual reasons. */
function advice(why: string, image: string | undefined): string {
  if (/^(ErrImage|ImagePull|InvalidImageName|ContainerMissing)/.test(why)) {
    return `check that the cluster can pull ${image}; `;
  }
  if (/^(the container exits|ExitCode|CrashLoop)/.test(why)) {
    return 'see its log: kubectl logs with -c user-container --previous; ';
  }
  return '';
}
