import { formatTable } from '../table.ts';
import { figure, type Line, linesOf, middleOf, middleText, ratioOf, ratioText } from './lines.ts';
import type { FileName } from './schema.ts';

/** What a figure is to be, as a ratio to another one. */
interface Wanted {
  readonly title: string;
  readonly file: FileName;
  readonly figure: string;
  readonly ours: Readonly<Record<string, string>>;
  readonly theirs: Readonly<Record<string, string>>;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const OURS = { target: 'celsiusify' };
const SERVING = { target: 'tf-serving-grpc', protocol: 'grpc' };

const grpcAt = (connections: string, streams: string, atLeast: number): Wanted => ({
  title: `gRPC, celsius, ${connections} × ${streams}: requests/s ÷ TensorFlow Serving's`,
  ...{ file: 'grpc', figure: 'requests_per_s', atLeast },
  ours: { ...OURS, protocol: 'grpc', connections, streams },
  theirs: { ...SERVING, connections, streams },
});

const picture = (protocol: string): Wanted => ({
  title: `one picture by ${protocol}, 8 clients: requests/s ÷ TensorFlow Serving's gRPC`,
  ...{ file: 'pictures', figure: 'requests_per_s', atLeast: 1.5 },
  ours: { ...OURS, protocol, pictures: '1' },
  theirs: { ...SERVING, pictures: '1' },
});

const sixteen = (title: string, theirs: Wanted['theirs'], atMost: number): Wanted => ({
  title: `16 pictures by V2, binary: time ÷ ${title}`,
  ...{ file: 'pictures', figure: 'mean_ms', atMost },
  ours: { ...OURS, protocol: 'v2', pictures: '16' },
  theirs: { ...theirs, pictures: '16' },
});

const WANTED: readonly Wanted[] = [
  grpcAt('1', '1', 1.5),
  grpcAt('32', '1', 2),
  grpcAt('4', '32', 2),
  {
    title: "gRPC, celsius, 32 × 1: CPU ÷ TensorFlow Serving's",
    ...{ file: 'grpc', figure: 'cpu_us_per_request', atMost: 0.4 },
    ours: { ...OURS, protocol: 'grpc', connections: '32', streams: '1' },
    theirs: { ...SERVING, connections: '32', streams: '1' },
  },
  ...['1', '32'].map(
    (connections): Wanted => ({
      title: `gRPC, celsius, ${connections} × 1: requests/s ÷ REST's`,
      ...{ file: 'grpc', figure: 'requests_per_s', atLeast: 0.5 },
      ours: { ...OURS, protocol: 'grpc', connections, streams: '1' },
      theirs: { ...OURS, protocol: 'rest', connections, streams: '1' },
    }),
  ),
  picture('grpc'),
  picture('v2'),
  sixteen("JSON's", { ...OURS, protocol: 'rest' }, 0.5),
  sixteen("TensorFlow Serving's gRPC", SERVING, 0.8),
];

/** What protocols are to reach, and whether they did; null where they were not measured. */
export function formatProtocols(folder: string): string | null {
  const rows = WANTED.flatMap((wanted) => {
    const lines = linesOf(folder, wanted.file);
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
