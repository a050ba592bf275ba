import { formatTable } from '../table.ts';
import {
  figure,
  type Line,
  linesOf,
  middleOf,
  middleText,
  type Of,
  quotient,
  ratioOf,
  ratioText,
} from './lines.ts';

/** The settings of TensorFlow Serving that whoever takes it may choose from, without loss of digits. */
const SERVING = ['tf-serving', 'tf-serving-one', 'tf-serving-batching'];

const throughput = { of: figure('requests_per_s'), clients: '8', higher: true } as const;
const alone = { of: figure('p50_ms'), clients: '1', higher: false } as const;

interface Compared {
  readonly of: Of;
  readonly clients: string;
  readonly higher: boolean;
}

/** One line for each model and each kind of this checkout's server: what decides, on one screen. */
export function formatGlance(folder: string): string | null {
  const loads = linesOf(folder, 'load');
  const probes = linesOf(folder, 'probes').filter(
    ({ during, path }) => during === 'load' && path === '/healthz',
  );
  const ours = loads.filter(({ target }) => target?.startsWith('celsiusify') || target === 'before');
  const rows = [...Map.groupBy(ours, ({ model, target }) => `${model} ${target}`).values()].map((own) => {
    const [{ model = '', target = '' } = {}] = own;
    const others = loads.filter((line) => line.model === model);
    const of32 = own.filter(({ clients }) => clients === '32');
    const probed = probes.filter(
      (line) => line.model === model && line.target === target && line.clients === '32',
    );
    return [
      `${model}, ${target}`,
      ratioText(ratioOf(throughput.of, others.filter(named('python')), at(throughput, own))),
      toBest(throughput, others, own),
      toBest(alone, others, own),
      middleText(middleOf(quotient('p99_ms', 'p50_ms'), of32)),
      middleText(middleOf(figure('p99_ms'), probed)),
      middleText(middleOf(figure('max_ms'), probed)),
      middleText(middleOf(figure('server_cores'), at(throughput, own))),
      middleText(middleOf(figure('other_cores'), at(throughput, own))),
    ];
  });
  if (rows.length === 0) return null;
  const head = [
    'at a glance',
    'requests/s of 8 ÷ Python',
    '÷ Serving’s best',
    'one client’s p50 ÷ Serving’s best',
    'p99/p50 of 32',
    '/healthz p99 ms of 32',
    'max ms',
    'cores of 8',
    'others’ cores',
  ];
  return formatTable([head, ...rows]);
}

function named(target: string) {
  return (line: Line) => line.target === target;
}

function at({ clients }: Compared, lines: readonly Line[]): Line[] {
  return lines.filter((line) => line.clients === clients);
}

/** The ratio to that setting of TensorFlow Serving whose median is the best. */
function toBest(compared: Compared, others: readonly Line[], own: readonly Line[]): string {
  const settings = SERVING.map((id) => at(compared, others).filter(named(id)));
  const middles = settings.flatMap((lines) => {
    const middle = middleOf(compared.of, lines)?.middle;
    return middle === undefined ? [] : [{ lines, middle }];
  });
  const sign = compared.higher ? 1 : -1;
  const [best] = middles.toSorted((a, b) => sign * (b.middle - a.middle));
  return best === undefined ? '' : ratioText(ratioOf(compared.of, best.lines, at(compared, own)));
}
