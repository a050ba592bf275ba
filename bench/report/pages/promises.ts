import { counted, type Kept, limitOf, mustText, NOT_NUMBERS, promises } from '../promises.ts';
import { type Markup, typst } from '../typst.ts';
import { type Context, table } from './context.ts';

const FOLDERS: Readonly<Record<string, string>> = {
  models: 'this run',
  engine: 'apart',
  protocols: 'apart',
  switching: 'apart',
};

/** Every comparison that was promised before it was measured: the figure, and whether it is what was promised. */
export function promisesPage(context: Context): Markup {
  const all = promises(context.results);
  const { ledger } = context;
  const count = (verdict: Kept['verdict']) =>
    ledger.derived(counted(all, verdict), 'count', `rows of the list of promises that are ${verdict}`);
  // The newest TensorFlow Serving has a place of its own, in Limits.
  const some = all.filter(({ promised }) => promised.beside !== 'newest');
  const shown = some.filter(
    ({ verdict, promised }) => verdict === 'missed' || (promised.beside && verdict === 'met'),
  );
  const lines = shown.map((kept) => [
    typst`${kept.promised.beside ? typst`#quiet[${kept.promised.what}]` : kept.promised.what}`,
    `#${kept.promised.issue}`,
    `${mustText(kept.promised)}${kept.promised.unit === 'ms' ? ' ms' : ''}`,
    typst`${value(context, kept)}`,
    kept.verdict === 'met'
      ? `met${kept.close ? ' (close)' : ''}`
      : typst`#bad[missed${kept.close ? ' (close)' : ''}]`,
    FOLDERS[kept.from.split('/')[0] ?? ''] ?? (kept.from.startsWith('cluster-') ? 'apart' : typst`#quiet[–]`),
  ]);
  const absent = some
    .filter(({ verdict }) => verdict === 'not measured')
    .map(({ promised }) => promised.what);
  return typst`
= What was promised, and what came of it
Issues 16 (engine), 17 (models), 18 (protocols) and 19 (platform) said what had to be reached before it was measured. Of these numbers ${count('met')} are met, ${count('missed')} missed and ${count('not measured')} not measured. “Close”: the interval holds the limit, another run may say otherwise. Figures measured “apart” from this run, before it or after, are of results\/engine, results\/protocols and results\/switching, or of the cluster. Those that are missed stand here, with what BATCHING=true makes of them, which is not counted; docs\/promises.md has all. ${NOT_NUMBERS}
${table({
  caption: typst`The median and its interval, or the sum of all repeats for counts.`,
  columns: ['1fr', 'auto', 'auto', 'auto', 'auto', 'auto'],
  head: ['', 'issue', 'must', 'is', '', 'measured'],
  lines,
  texts: [1, 4, 5],
})}
${absent.length === 0 ? '' : `Not measured: ${absent.join('; ')}.`}
`;
}

function value({ ledger }: Context, { figure, total, promised }: Kept): Markup {
  if (total !== undefined) return typst`*${ledger.derived(total.value, promised.unit, total.rule)}*`;
  if (figure === undefined) return typst`#quiet[–]`;
  const interval = ledger.interval(figure);
  return typst`*${ledger.sayApart(figure, limitOf(promised.must))}*${interval === '' ? '' : ` (${interval})`}`;
}
