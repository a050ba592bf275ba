import { FatalError } from '../function/errors.ts';
import { connect } from './cluster.ts';
import {
  commonFlags,
  type Flags,
  integer,
  number,
  outputFormat,
  parse,
  timeoutFlag,
  usageError,
  type Verb,
} from './flags.ts';
import { waitReady } from './ready.ts';
import { applyService, listRevisions, readService, TRAFFIC_MANAGER } from './serving.ts';
import { table } from './status.ts';
import { API_VERSION, type TrafficTarget } from './types.ts';

const LATEST = '@latest';

const flags = {
  split: {
    type: 'string',
    multiple: true,
    value: 'REVISION=PERCENT',
    help: `the revision's share; ${LATEST}: always the newest one that is ready`,
  },
  tag: {
    type: 'string',
    multiple: true,
    value: 'REVISION=TAG',
    help: 'a name, and so a URL of its own, for the revision',
  },
  ...timeoutFlag,
  ...commonFlags,
} as const satisfies Flags;

/**
 * The traffic list of a Service. Without splits the ones that it has are kept; tags are all replaced.
 * @throws {FatalError} (2) when the percents do not add up to 100, or an argument has not the form A=B
 */
function trafficTargets(
  splits: readonly string[],
  tags: readonly string[],
  present: readonly TrafficTarget[],
): TrafficTarget[] {
  const shares =
    splits.length > 0
      ? splits.map((text) => {
          const [revision, percent] = pair('split', text);
          return { ...target(revision), percent: integer('split', percent, 0, 100) };
        })
      : present.filter((t) => (t.percent ?? 0) > 0).map(({ tag: _tag, url: _url, ...rest }) => rest);
  const sum = shares.reduce((all, t) => all + (t.percent ?? 0), 0);
  if (sum !== 100) throw usageError(`the shares add up to ${sum} %: want 100 %`);
  return [
    ...shares,
    ...tags.map((text) => {
      const [revision, tag] = pair('tag', text);
      return { ...target(revision), percent: 0, tag };
    }),
  ];
}

function target(revision: string): TrafficTarget {
  return revision === LATEST ? { latestRevision: true } : { latestRevision: false, revisionName: revision };
}

function pair(flag: string, text: string): [string, string] {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1)
    throw usageError(`--${flag} ${JSON.stringify(text)}: want REVISION=…`);
  return [text.slice(0, at), text.slice(at + 1)];
}

export const traffic: Verb = {
  summary: 'split the traffic between revisions by percent, and tag them',
  flags,
  async run(argv, io) {
    const { values: v } = parse(argv, flags);
    const output = outputFormat(v.output);
    const timeoutMs = number('timeout', v.timeout, 1) * 1000;
    const splits = v.split ?? [];
    const tags = v.tag ?? [];
    if (splits.length + tags.length === 0)
      throw usageError('traffic needs --split REVISION=PERCENT or --tag REVISION=TAG');
    if (splits.length > 0) trafficTargets(splits, tags, []);
    const cluster = connect(v, io.env);
    const service = await readService(cluster, v.name);
    const targets = trafficTargets(splits, tags, service.spec.traffic ?? []);
    const known = (await listRevisions(cluster, v.name)).map((r) => r.metadata.name);
    const unknown = targets.find((t) => t.revisionName !== undefined && !known.includes(t.revisionName));
    if (unknown) {
      throw new FatalError(`${v.name} has no revision ${unknown.revisionName}: it has ${known.join(', ')}`);
    }
    await applyService(
      cluster,
      {
        apiVersion: API_VERSION,
        kind: 'Service',
        metadata: { name: v.name, namespace: cluster.namespace },
        spec: { traffic: targets },
      },
      // The list is one field as a whole, and Knative's defaults make whoever created the Service its owner.
      { manager: TRAFFIC_MANAGER, force: true },
    );
    const ready = await waitReady(cluster, v.name, { timeoutMs, failureWindowMs: 3000 }, io);
    const result = ready.status?.traffic ?? [];
    io.out(
      output === 'json'
        ? JSON.stringify({ name: v.name, traffic: result })
        : table([
            ['REVISION', 'TRAFFIC', 'TAG', 'URL'],
            ...result.map((t) => [
              `${t.revisionName ?? ''}${t.latestRevision ? ' (latest)' : ''}`,
              `${t.percent ?? 0} %`,
              t.tag ?? '-',
              t.url ?? '-',
            ]),
          ]),
    );
  },
};
