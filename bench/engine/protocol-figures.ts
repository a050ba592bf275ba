import { formatTable } from '../table.ts';
import { figure, type Line, linesOf, middleOf, middleText, ratioOf, ratioText } from './lines.ts';

/** What a figure is to be, as a ratio to another one. */
interface Wanted {
  readonly title: string;
  readonly figure: string;
  readonly ours: Readonly<Record<string, string>>;
  readonly theirs: Readonly<Record<string, string>>;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const OURS = { target: 'celsiusify' };
/** Runs the rows of a request in parts. */
const BATCHING = { target: 'celsiusify-batching' };
const CELSIUS = { model: 'celsius' };
const ONE = { model: 'mobilenet_v2', rows: '1', connections: '8' };
const SIXTEEN = { model: 'mobilenet_v2', rows: '16' };
const SERVING = { target: 'tf-serving-grpc', protocol: 'grpc' };

const grpcAt = (connections: string, streams: string, atLeast: number): Wanted => ({
  title: `gRPC, celsius, ${connections} × ${streams}: requests/s ÷ TensorFlow Serving's`,
  ...{ figure: 'requests_per_s', atLeast },
  ours: { ...OURS, ...CELSIUS, protocol: 'grpc', connections, streams },
  theirs: { ...SERVING, ...CELSIUS, connections, streams },
});

const picture = (protocol: string): Wanted => ({
  title: `one picture by ${protocol}, 8 clients: requests/s ÷ TensorFlow Serving's gRPC`,
  ...{ figure: 'requests_per_s', atLeast: 1.5 },
  ours: { ...OURS, ...ONE, protocol },
  theirs: { ...SERVING, ...ONE },
});

const sixteen = (title: string, theirs: Wanted['theirs'], atMost: number, ours = OURS): Wanted => ({
  title: `16 pictures by V2, binary${ours === BATCHING ? ', BATCHING=true' : ''}: time ÷ ${title}`,
  ...{ figure: 'mean_ms', atMost },
  ours: { ...ours, ...SIXTEEN, protocol: 'v2' },
  theirs: { ...theirs, ...SIXTEEN },
});

const WANTED: readonly Wanted[] = [
  grpcAt('1', '1', 1.5),
  grpcAt('32', '1', 2),
  grpcAt('4', '32', 2),
  {
    title: "gRPC, celsius, 32 × 1: CPU ÷ TensorFlow Serving's",
    ...{ figure: 'cpu_us_per_request', atMost: 0.4 },
    ours: { ...OURS, ...CELSIUS, protocol: 'grpc', connections: '32', streams: '1' },
    theirs: { ...SERVING, ...CELSIUS, connections: '32', streams: '1' },
  },
  ...['1', '32'].map(
    (connections): Wanted => ({
      title: `gRPC, celsius, ${connections} × 1: requests/s ÷ REST's`,
      ...{ figure: 'requests_per_s', atLeast: 0.5 },
      ours: { ...OURS, ...CELSIUS, protocol: 'grpc', connections, streams: '1' },
      theirs: { ...OURS, ...CELSIUS, protocol: 'rest', connections, streams: '1' },
    }),
  ),
  picture('grpc'),
  picture('v2'),
  sixteen("JSON's", { ...OURS, protocol: 'rest' }, 0.5),
  sixteen("TensorFlow Serving's gRPC", SERVING, 0.8),
  sixteen("JSON's", { ...BATCHING, protocol: 'rest' }, 0.5, BATCHING),
  sixteen("TensorFlow Serving's gRPC", SERVING, 0.8, BATCHING),
];

/** What protocols are to reach, and whether they did; null where they were not measured. */
export function formatProtocols(folder: string): string | null {
  const lines = linesOf(folder, 'protocols');
  const rows = WANTED.flatMap((wanted) => {
    const ours = lines.filter(isOf(wanted.ours));
    const theirs = lines.filter(isOf(wanted.theirs));
    const of = figure(wanted.figure);
    const ratio = ratioOf(of, theirs, ours);
    if (ratio === null) return [];
    const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = wanted;
    const holds = ratio.middle >= atLeast && ratio.middle <= atMost;
    const text = (own: readonly Line[]) => middleText(middleOf(of, own));
    const must = wanted.atLeast === undefined ? `≤ ${wanted.atMost}` : `≥ ${wanted.atLeast}`;
    return [[wanted.title, text(ours), text(theirs), ratioText(ratio), must, holds ? 'yes' : 'no']];
  });
  if (rows.length === 0) return null;
  return formatTable([['protocols', 'here', 'there', 'ratio', 'must', 'holds'], ...rows]);
}

function isOf(cells: Readonly<Record<string, string>>) {
  return (line: Line) => Object.entries(cells).every(([name, value]) => line[name] === value);
}
