import { RequestError } from '../../errors.ts';
import type { UnaryMethod } from '../../grpc/call.ts';
import type { Route } from '../../http/route.ts';
import { GRPCInferenceService } from '../../protobuf/definitions/open-inference.ts';

/** Triton's extensions that its clients have calls for, and that are not served: what to do without them. */
const SHARED_MEMORY = 'shared memory is not served; send tensors in the request';
const STATISTICS = 'statistics are not served by this protocol; GET /metrics has them';
const SETTINGS =
  'settings of traces and logs are not served by this protocol; see LOG_LEVEL and LOG_REQUESTS';

const METHODS: Readonly<Record<string, string>> = {
  SystemSharedMemoryStatus: SHARED_MEMORY,
  SystemSharedMemoryRegister: SHARED_MEMORY,
  SystemSharedMemoryUnregister: SHARED_MEMORY,
  CudaSharedMemoryStatus: SHARED_MEMORY,
  CudaSharedMemoryRegister: SHARED_MEMORY,
  CudaSharedMemoryUnregister: SHARED_MEMORY,
  ModelStatistics: STATISTICS,
  TraceSetting: SETTINGS,
  LogSettings: SETTINGS,
};

const PATHS: readonly (readonly [path: RegExp, words: string])[] = [
  [/^\/v2\/(?:system|cuda)sharedmemory(?:\/.*)?$/, SHARED_MEMORY],
  [/^\/v2\/models(?:\/[^/]+)?(?:\/versions\/[^/]+)?\/stats$/, STATISTICS],
  [/^\/v2\/(?:models\/[^/]+\/)?(?:trace\/setting|logging)$/, SETTINGS],
];

/** Refuses them with words. */
export function notServedMethods(): UnaryMethod[] {
  return Object.entries(METHODS).map(([name, words]) => ({
    path: `/${GRPCInferenceService.name}/${name}`,
    handle: () => {
      throw new RequestError('UNIMPLEMENTED', words);
    },
  }));
}

/** The same over REST. */
export function notServedRoutes(): Route[] {
  return PATHS.map(([path, words]) => ({
    name: 'v2-not-served',
    path,
    methods: 'any',
    handle: () => {
      throw new RequestError('UNIMPLEMENTED', words);
    },
  }));
}
