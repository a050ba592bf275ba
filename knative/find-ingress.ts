import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import Type from 'typebox';
import Value from 'typebox/value';
import { FatalError } from '../function/errors.ts';
import type { Cluster } from './cluster.ts';
import { statusOf } from './errors.ts';
import { asking } from './serving.ts';

/** Where the ingresses that Knative documents have the Service by which they are reached. */
const GATEWAYS = [
  { namespace: 'kourier-system', name: 'kourier' },
  { namespace: 'istio-system', name: 'istio-ingressgateway' },
  { namespace: 'contour-external', name: 'envoy' },
] as const;

/** The parts of a Kubernetes Service that say where it is reached from outside. */
const Gateway = Type.Object({
  status: Type.Optional(
    Type.Object({
      loadBalancer: Type.Optional(
        Type.Object({
          ingress: Type.Optional(
            Type.Array(
              Type.Object({ ip: Type.Optional(Type.String()), hostname: Type.Optional(Type.String()) }),
            ),
          ),
        }),
      ),
    }),
  ),
});

/**
 * Where requests for a host of Knative's go: to its own URL where DNS knows it, else to the ingress' load balancer.
 *
 * @param url a Service's or a tag's own
 * @returns undefined: the URL itself
 * @throws {FatalError} that says how to reach the ingress where it has no address outside of the cluster
 */
export async function findIngress(cluster: Cluster, url: string): Promise<string | undefined> {
  const { hostname } = new URL(url);
  if (await isKnown(hostname)) return undefined;
  for (const gateway of GATEWAYS) {
    const address = await addressOf(cluster, gateway);
    if (address !== undefined && address !== '')
      return `http://${isIPv6(address) ? `[${address}]` : address}`;
    if (address === '') throw new FatalError(howToReach(hostname, gateway));
  }
  throw new FatalError(
    `DNS does not know ${hostname}, and no ingress that this client knows was found in the cluster: ` +
      "give the ingress's address by --ingress URL",
  );
}

async function isKnown(hostname: string): Promise<boolean> {
  return lookup(hostname).then(
    () => true,
    () => false,
  );
}

/** @returns undefined where there is no such Service, or it may not be read; empty where it has no address outside */
async function addressOf(cluster: Cluster, metadata: (typeof GATEWAYS)[number]): Promise<string | undefined> {
  try {
    const service = await cluster.objects.read({ apiVersion: 'v1', kind: 'Service', metadata });
    const [first] = (Value.Check(Gateway, service) && service.status?.loadBalancer?.ingress) || [];
    return first?.ip ?? first?.hostname ?? '';
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 403) return undefined;
    return asking(cluster, undefined, () => Promise.reject(error));
  }
}

function howToReach(hostname: string, { namespace, name }: (typeof GATEWAYS)[number]): string {
  return (
    `DNS does not know ${hostname}, and ${name} in ${namespace} has no address outside of the cluster: ` +
    `\`kubectl -n ${namespace} port-forward service/${name} 8080:80\` in another terminal makes one, then --ingress http://127.0.0.1:8080`
  );
}
