import {
  atLeast,
  atMost,
  beside,
  celsius,
  GRPC,
  OURS,
  one,
  over,
  type Promised,
  promise,
  protocols,
} from './promise.ts';

/** With it the rows of a request are run in parts, on all cores; without, it is for whoever knows that rows are independent. */
const BATCHING = 'celsiusify-batching';

function sixteen(what: string, limit: number, ours: string, theirs: readonly [string, string]): Promised {
  const of = protocols('mobilenet_v2', one(1, 1, 16), 'mean_ms', 'v2', theirs, ours);
  return promise(
    18,
    `16 pictures by V2${what.startsWith('BATCHING') ? ', ' : ': '}${what}`,
    atMost(limit),
    '×',
    of,
  );
}

/** Of issue 18, gRPC and V2. */
export const PROTOCOLS: readonly Promised[] = [
  promise(
    18,
    'gRPC, celsius, 1 connection: requests/s ÷ TensorFlow Serving’s',
    atLeast(1.5),
    '×',
    protocols('celsius', one(1), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'gRPC, celsius, 32 connections: requests/s ÷ TensorFlow Serving’s',
    atLeast(2),
    '×',
    protocols('celsius', one(32), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'gRPC, celsius, 4 connections of 32 streams: requests/s ÷ theirs',
    atLeast(2),
    '×',
    protocols('celsius', one(4, 32), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'gRPC, celsius, 32 connections: CPU time ÷ theirs',
    atMost(0.4),
    '×',
    protocols('celsius', one(32), 'cpu_us_per_request', 'grpc'),
  ),
  promise(
    18,
    'a picture by gRPC, 8 clients: requests/s ÷ theirs',
    atLeast(1.5),
    '×',
    protocols('mobilenet_v2', one(8), 'requests_per_s', 'grpc'),
  ),
  promise(
    18,
    'a picture by V2, 8 clients: requests/s ÷ their gRPC',
    atLeast(1.5),
    '×',
    protocols('mobilenet_v2', one(8), 'requests_per_s', 'v2'),
  ),
  sixteen('time ÷ JSON’s', 0.5, OURS, [OURS, 'rest']),
  sixteen('time ÷ their gRPC’s', 0.8, OURS, GRPC),
  beside('setting', sixteen('BATCHING=true: time ÷ JSON’s', 0.5, BATCHING, [BATCHING, 'rest'])),
  beside('setting', sixteen('BATCHING=true: time ÷ their gRPC’s', 0.8, BATCHING, GRPC)),
  promise(
    18,
    'REST, celsius, 32 connections: requests/s ÷ the commit before',
    atLeast(0.98),
    '×',
    over('celsius', celsius(OURS, 32), 'requests_per_s', celsius('before', 32)),
  ),
];
