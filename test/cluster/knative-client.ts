import { run } from '../../knative/cli.ts';
import { at, type Kit } from './kit.ts';

/** Runs the Knative client in the kit's namespace. @returns what it printed; @throws with its error line */
export async function knative(kit: Kit, ...args: string[]): Promise<string> {
  const { kubeconfig, context, ingress } = kit.settings;
  const access = ['--namespace', kit.namespace];
  if (kubeconfig) access.push('--kubeconfig', kubeconfig);
  if (context) access.push('--context', context);
  if (ingress && /^(invoke|measure)$/.test(args[0] ?? '')) access.push('--ingress', ingress);
  const printed = { out: '', err: '' };
  const code = await run([...args, ...access], {
    env: process.env,
    out: (text) => {
      printed.out += `${text}\n`;
    },
    err: (text) => {
      printed.err += text;
    },
    tty: false,
    signal: new AbortController().signal,
  });
  if (code !== 0) throw new Error(printed.err.trimEnd().split('\n').at(-1));
  return printed.out;
}

const SERVICES = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', plural: 'services' } as const;

/** Waits until a Knative Service is ready, however it was made. @returns its URL; @throws {TimeoutError} after 3 minutes */
export function untilReady(kit: Kit, name: string): Promise<URL> {
  return kit.until(
    SERVICES,
    (all) => {
      const service = all.get(name);
      const conditions = [at(service, 'status.conditions')].flat();
      const isReady = conditions.some((c) => at(c, 'type') === 'Ready' && at(c, 'status') === 'True');
      return isReady ? new URL(String(at(service, 'status.url'))) : undefined;
    },
    180,
  );
}
