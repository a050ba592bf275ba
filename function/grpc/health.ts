import { RequestError } from '../errors.ts';
import { decode, encode } from '../protobuf/codec.ts';
import type { FileSpec, ServiceSpec } from '../protobuf/descriptor.ts';
import { EnumType, MessageType, one } from '../protobuf/schema.ts';
import type { StreamCall, StreamMethod, UnaryMethod } from './call.ts';
import { unreadable } from './status.ts';

const ServingStatus = new EnumType('grpc.health.v1.HealthCheckResponse.ServingStatus', {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
});

const HealthCheckRequest = new MessageType('grpc.health.v1.HealthCheckRequest', {
  service: one(1, 'string'),
});
const HealthCheckResponse = new MessageType('grpc.health.v1.HealthCheckResponse', {
  status: one(1, ServingStatus),
});

const HealthService = {
  name: 'grpc.health.v1.Health',
  methods: {
    Check: { input: HealthCheckRequest, output: HealthCheckResponse },
    Watch: { input: HealthCheckRequest, output: HealthCheckResponse, serverStreams: true },
  },
} as const satisfies ServiceSpec;

export const HEALTH_FILE: FileSpec = {
  name: 'grpc/health/v1/health.proto',
  package: 'grpc.health.v1',
  imports: [],
  types: [HealthCheckRequest, HealthCheckResponse, ServingStatus],
  services: [HealthService],
};

export type Health = 'SERVING' | 'NOT_SERVING';

/** grpc.health.v1: what kubelets, load balancers and grpc-health-probe ask. */
export class HealthChecks {
  /** By the service's name; '' is the server as a whole. */
  readonly #services = new Map<string, Health>();
  readonly #watches = new Set<Watch>();

  /** @param health undefined for a service that is not there any more */
  set(service: string, health: Health | undefined): void {
    if (health === undefined) this.#services.delete(service);
    else this.#services.set(service, health);
    for (const watch of this.#watches) if (watch.service === service) this.#tell(watch);
  }

  methods(): [UnaryMethod, StreamMethod] {
    return [
      {
        path: `/${HealthService.name}/Check`,
        handle: ({ message }) => {
          const health = this.#services.get(serviceOf(message));
          // TensorFlow Serving's words.
          if (health === undefined) throw new RequestError('NOT_FOUND', 'service name unknown');
          return answer(health);
        },
      },
      { path: `/${HealthService.name}/Watch`, open: (call) => this.#open(call) },
    ];
  }

  #open(call: StreamCall) {
    let watch: Watch | undefined;
    return {
      message: (message: Buffer) => {
        if (watch !== undefined) throw new RequestError('INVALID_ARGUMENT', 'a watch has one request');
        watch = { call, service: serviceOf(message), told: undefined };
        this.#watches.add(watch);
        this.#tell(watch);
      },
      ended: () => {
        if (watch === undefined) throw new RequestError('INVALID_ARGUMENT', 'a watch has one request');
      },
      closed: () => {
        if (watch !== undefined) this.#watches.delete(watch);
      },
    };
  }

  #tell(watch: Watch): void {
    const health = this.#services.get(watch.service) ?? 'SERVICE_UNKNOWN';
    if (health === watch.told) return;
    watch.told = health;
    watch.call.send(answer(health));
  }
}

interface Watch {
  readonly call: StreamCall;
  readonly service: string;
  told: Health | 'SERVICE_UNKNOWN' | undefined;
}

function serviceOf(message: Buffer): string {
  try {
    return decode(HealthCheckRequest, message).service;
  } catch (error) {
    throw unreadable(error);
  }
}

function answer(health: Health | 'SERVICE_UNKNOWN'): Buffer {
  return encode(HealthCheckResponse, { status: ServingStatus.values[health] });
}
