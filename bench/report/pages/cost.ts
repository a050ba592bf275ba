import { instancesFor, PLANNED_SHARE, smallestLimit } from '../cost.ts';
import { column, type Figure } from '../figures.ts';
import { OURS } from '../questions.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, get, labelOf, say, table, targetsIn } from './context.ts';
import { memoryPlot } from './start.ts';

const RATES = [1000, 10_000, 100_000];

/** Memory, and how many instances a rate of requests takes. */
export async function costPage(context: Context): Promise<Markup> {
  return typst`
= celsius: memory, and instances for a rate
${await memoryPlot(context)}
${costTable(context)}
${smallNotes(context)}
`;
}

function costTable(context: Context): Markup {
  const { results, client, ledger } = context;
  const targets = targetsIn(results, 'closed-loop.csv').filter((target) => target !== 'floor');
  const limits = results.rows('memory-limit.csv').length > 0;
  const images = results.rows('image-size.csv').length > 0;
  const lines = targets.map((target) => {
    const instances = RATES.map((rate) => instancesFor(results, target, client, rate));
    const most = instances.at(-1);
    return [
      labelOf(results, target),
      ...instances.map((found) =>
        found === undefined ? '–' : ledger.derived(found.count, 'count', found.rule),
      ),
      most === undefined ? '–' : ledger.derived(most.bytes, 'bytes', most.rule),
      ...(limits ? [limit(context, target)] : []),
      ...(images ? [imageSize(context, target)] : []),
    ];
  });
  const share = `${PLANNED_SHARE * 100} %`;
  return table({
    caption: typst`Instances for a rate, each as measured here at ${share} of its requests/s over 32 connections (${client}), with the memory they hold together at the highest rate.${limits ? typst` Smallest limit: container memory at which it keeps 95 % of its speed, page cache counted, disks at Linux’s default read-ahead.` : typst``}${images ? typst` Image: compressed.` : typst``}`,
    head: [
      '',
      '1k/s',
      '10k/s',
      '100k/s',
      'memory',
      ...(limits ? ['smallest limit'] : []),
      ...(images ? ['image'] : []),
    ],
    lines,
    strong: targets.flatMap((target, index) => (target === OURS ? [index] : [])),
  });
}

function limit({ results, ledger }: Context, target: string): Markup | string {
  const found = smallestLimit(results, target);
  return found === undefined ? typst`#quiet[–]` : ledger.derived(found.bytes, 'MiB', found.rule);
}

/** One image is one observation: no interval, and both compressions where both are known. */
function imageSize(context: Context, target: string): Markup {
  const sizes = ['gzip', 'zstd'].flatMap((compression) => {
    const found = get(
      context,
      column('image-size.csv', { target, compression }, 'compressed_bytes'),
      'bytes',
    );
    return found === undefined ? [] : [typst`${context.ledger.say(found)} #quiet[${compression}]`];
  });
  return sizes.length === 0 ? typst`#quiet[–]` : joined(sizes, ' \\ ');
}

/** What does not need a table: idle connections and the soak, where they were measured. */
function smallNotes(context: Context): Markup {
  const { results } = context;
  const notes: Markup[] = [];
  const idle = targetsIn(results, 'idle-connections.csv').flatMap((target) => {
    const of = (name: string, unit: 'bytes' | 'ms'): Figure | undefined =>
      get(context, column('idle-connections.csv', { target }, name), unit);
    const bytes = of('bytes_per_connection', 'bytes');
    if (bytes === undefined) return [];
    return [
      typst`${labelOf(results, target)} ${say(context, bytes)} (p99 of others ${say(context, of('p99_without_ms', 'ms'))} without, ${say(context, of('p99_with_ms', 'ms'))} with them)`,
    ];
  });
  const connections = results.rows('idle-connections.csv')[0]?.connections;
  if (idle.length > 0 && connections !== undefined) {
    notes.push(
      typst`*Idle connections.* Each of ${Number(connections).toLocaleString('en-GB')} idle keep-alive connections costs: ${joined(idle, '; ')}.`,
    );
  }
  for (const target of targetsIn(results, 'soak.csv')) notes.push(soak(context, target));
  return joined(notes, '\n\n');
}

function soak({ results, ledger }: Context, target: string): Markup {
  const rows = results.rows('soak.csv', { target });
  const [first, last] = [rows.find((row) => row.rss_bytes !== ''), rows.at(-1)];
  if (first === undefined || last === undefined) return typst``;
  const rule = `soak.csv[target=${target}]`;
  const errors = rows.reduce((sum, row) => sum + Number(row.errors), 0);
  const change = Number(last.rss_bytes) / Number(first.rss_bytes) - 1;
  const minutes = ledger.derived(rows.length, 'count', `rows of ${rule}`);
  return typst`*Soak.* In ${minutes} minutes at ${ledger.derived(Number(first.rate_per_s), 'requests/s', `${rule}.rate_per_s`)} requests/s, ${labelOf(results, target)} made ${ledger.derived(errors, 'count', `sum of ${rule}.errors`)} errors; its memory changed by ${ledger.derived(change, 'share', `last over first of ${rule}.rss_bytes, less 1`)} from the first minute to the last.`;
}
