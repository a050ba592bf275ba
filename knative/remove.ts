import { FatalError } from '../function/errors.ts';
import { connect } from './cluster.ts';
import { commonFlags, type Flags, number, outputFormat, parse, timeoutFlag, type Verb } from './flags.ts';
import { progress } from './io.ts';
import { podsOf } from './pods.ts';
import { asking, deleteService, SERVICES } from './serving.ts';
import { TimeoutError, watchUntil } from './watch.ts';

const flags = {
  wait: {
    type: 'boolean',
    help: 'until its pods are gone, too: they end the requests under way first, which takes half a minute or more',
  },
  ...timeoutFlag,
  ...commonFlags,
} as const satisfies Flags;

export const remove: Verb = {
  summary: 'delete the Service: no request reaches it any more, and its pods end',
  flags,
  async run(argv, io) {
    const { values: v } = parse(argv, flags);
    const output = outputFormat(v.output);
    const timeoutMs = number('timeout', v.timeout, 1) * 1000;
    const cluster = connect(v, io.env);
    const began = performance.now();
    await deleteService(cluster, v.name, v.wait ? 'Foreground' : 'Background');
    const wait = progress(io);
    const gone = { ...SERVICES, fieldSelector: `metadata.name=${v.name}` };
    try {
      const all = [
        [gone, 'Service'],
        [podsOf(v.name), 'pod'],
      ] as const;
      for (const [kind, what] of v.wait ? all : all.slice(0, 1)) {
        await asking(cluster, v.name, () =>
          watchUntil(
            cluster,
            kind,
            (objects) => {
              if (objects.size === 0) return true;
              wait.update(
                `Waiting for ${v.name} to go: ${objects.size} ${what}${objects.size > 1 ? 's' : ''} left`,
              );
              return undefined;
            },
            { timeoutMs, signal: io.signal },
          ),
        );
      }
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new FatalError(
        `${v.name} is marked for deletion but not gone after ${v.timeout} s: see kubectl describe ksvc ${v.name}`,
      );
    } finally {
      wait.done();
    }
    const ms = Math.round(performance.now() - began);
    io.out(
      output === 'json'
        ? JSON.stringify({ name: v.name, removed_ms: ms })
        : `${v.name} is removed (${ms} ms)`,
    );
  },
};
