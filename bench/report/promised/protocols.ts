import { atLeast, atMost, celsius, OURS, one, over, type Promised, promise, protocols } from './promise.ts';

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
  promise(
    18,
    '16 pictures by V2: time ÷ JSON’s',
    atMost(0.5),
    '×',
    protocols('mobilenet_v2', one(1, 1, 16), 'mean_ms', 'v2', [OURS, 'rest']),
  ),
  promise(
    18,
    '16 pictures by V2: time ÷ their gRPC’s',
    atMost(0.8),
    '×',
    protocols('mobilenet_v2', one(1, 1, 16), 'mean_ms', 'v2'),
  ),
  promise(
    18,
    'REST, celsius, 32 connections: requests/s ÷ the commit before',
    atLeast(0.98),
    '×',
    over('celsius', celsius(OURS, 32), 'requests_per_s', celsius('before', 32)),
  ),
];
