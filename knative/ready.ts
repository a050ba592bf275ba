import { FatalError } from '../function/errors.ts';
import type { Cluster } from './cluster.ts';
import type { Io } from './io.ts';
import { progress } from './io.ts';
import { podTrouble } from './pods.ts';
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
  { timeoutMs, failureWindowMs }: ReadyOptions,
  io: Io,
): Promise<KnativeService> {
  const wait = progress(io);
  const began = Date.now();
  const left = () => Math.max(1, timeoutMs - (Date.now() - began));
  const kind = { ...SERVICES, fieldSelector: `metadata.name=${name}` };

  /** Resolves when the Service is Ready or has failed, and with undefined when it was deleted. */
  const settled = (accept: (s: KnativeService, ready: string) => boolean, ms: number) =>
    watchUntil(
      cluster,
      kind,
      (objects) => {
        const object = objects.get(name);
        if (object === undefined) throw new FatalError(`${name} was deleted while it was waited for`);
        const service = parseObject(KnativeService, object);
        const ready = condition(service.status?.conditions, 'Ready');
        const seen = service.status?.observedGeneration === service.metadata.generation;
        wait.update(`Waiting for ${name}: ${ready && seen ? reasonText(ready) : 'not seen by Knative yet'}`);
        return seen && accept(service, ready?.status ?? 'Unknown') ? service : undefined;
      },
      { timeoutMs: ms, signal: io.signal },
    );

  try {
    for (;;) {
      const service = await asking(cluster, name, () =>
        settled((_, ready) => ready !== 'Unknown', left()).catch(onTimeout),
      );
      if (service && condition(service.status?.conditions, 'Ready')?.status === 'True') return service;
      if (service) {
        const healed = await asking(cluster, name, () =>
          settled((_, ready) => ready !== 'False', Math.min(failureWindowMs, left())).catch(onTimeout),
        );
        if (healed) continue;
      }
      throw new FatalError(await failure(cluster, name, service, timeoutMs));
    }
  } finally {
    wait.done();
  }
}

function onTimeout(error: unknown): undefined {
  if (!(error instanceof TimeoutError)) throw error;
}

function reasonText(ready: Condition): string {
  return ready.status === 'True' ? 'ready' : reasonOf(ready);
}

/** One line: which revision, why, what to do. */
async function failure(
  cluster: Cluster,
  name: string,
  service: KnativeService | undefined,
  timeoutMs: number,
): Promise<string> {
  const revisions = await listRevisions(cluster, name);
  const newest = revisions[0];
  const what = service ? 'failed' : `is not ready after ${Math.round(timeoutMs / 1000)} s`;
  const hint = `\`npm run knative -- status --name ${name} --namespace ${cluster.namespace}\` shows all of it`;
  if (!newest) {
    const why = reasonOf(condition(service?.status?.conditions, 'Ready'));
    return `${name} ${what}: ${why}; ${hint}`;
  }
  const revision = newest.metadata.name;
  const said = reasonOf(condition(newest.status?.conditions, 'Ready'));
  const trouble = await asking(cluster, name, () => podTrouble(cluster, revision));
  const why = trouble && !said.includes(trouble) ? trouble : said;
  return `revision ${revision} ${what}: ${why}; ${advice(`${said} ${why}`, newest.spec.containers[0]?.image)}${hint}`;
}

/** What helps against the usual reasons. */
function advice(why: string, image: string | undefined): string {
  if (/ErrImage|ImagePull|ContainerMissing|pull|manifest|resolve/i.test(why)) {
    return `check that the cluster can pull ${image}; `;
  }
  if (/exit|CrashLoop/i.test(why)) return 'see its log: kubectl logs with -c user-container --previous; ';
  return '';
}
