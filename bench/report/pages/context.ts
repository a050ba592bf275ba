import { type Figure, figure, type Source, type Unit } from '../figures.ts';
import type { Ledger } from '../ledger.ts';
import { lookOf, ORDER } from '../plots/theme.ts';
import type { Results } from '../results.ts';
import { joined, literal, type Markup, typst } from '../typst.ts';

/** What every page works with: the figures come in, SVGs and printed numbers are handed over. */
export interface Context {
  readonly results: Results;
  readonly ledger: Ledger;
  /** SVG text by its path in the results folder, such as `plots/throughput.svg`. */
  readonly plots: Map<string, string>;
  /** The closed loop's client whose figures the tables show. */
  readonly client: string;
}

/** Targets with any row in a file, in the report's order. */
export function targetsIn(results: Results, file: string): readonly string[] {
  const there = new Set(results.rows(file).map((row) => row.target ?? ''));
  return [...ORDER.filter((id) => there.has(id)), ...[...there].filter((id) => !ORDER.includes(id))];
}

/** The name that environment.json gives a target. */
export function labelOf(results: Results, target: string): string {
  const { targets, model_targets = [] } = results.environment;
  return [...targets, ...model_targets].find(({ id }) => id === target)?.label ?? lookOf(target).name;
}

export function get({ results }: Context, source: Source, unit: Unit): Figure | undefined {
  return figure(results, source, unit);
}

/** A figure in a sentence. */
export function say({ ledger }: Context, found: Figure | undefined): Markup {
  return found === undefined ? typst`not measured` : typst`#box[*${ledger.say(found)}*]`;
}

/** A figure in a table: the median, and the interval in small figures below. */
export function cell({ ledger }: Context, found: Figure | undefined, bareLike?: number): Markup {
  if (found === undefined) return typst`#quiet[–]`;
  const value = bareLike === undefined ? ledger.say(found) : ledger.bare(found, bareLike);
  return typst`#with-interval(${literal(value)}, ${literal(ledger.interval(found, bareLike))})`;
}

export interface TableOptions {
  readonly caption: Markup;
  /** Widths as Typst has them; without, the first column takes what it needs and the others share the rest. */
  readonly columns?: readonly string[];
  readonly head: readonly (string | Markup)[];
  readonly lines: readonly (readonly (string | Markup)[])[];
  /** Indices of lines to be set off. */
  readonly strong?: readonly number[];
  /** Indices of columns of text, set to the left as the first one is. */
  readonly texts?: readonly number[];
}

export function table({
  caption,
  head,
  columns = ['auto', ...head.slice(1).map(() => '1fr')],
  lines,
  strong = [],
  texts = [],
}: TableOptions): Markup {
  const content = (part: string | Markup) => typst`[${part}], `;
  const line = (parts: readonly (string | Markup)[]) => typst`(${joined(parts.map(content))}), `;
  return typst`
#data-table(
  columns: (${{ markup: columns.join(', ') }},),
  caption: [${caption}],
  head: (${joined(head.map(content))}),
  lines: (${joined(lines.map(line))}),
  strong: (${indices(strong)}),
  texts: (${indices(texts)}),
)
`;
}

function indices(values: readonly number[]): Markup {
  return { markup: values.map((index) => `${index}, `).join('') };
}

export interface PlotUse {
  readonly path: string;
  readonly svg: string;
  /** What the picture shows, for those who cannot see it. */
  readonly alt: string;
}

/** Plots side by side at their true size, under one caption. */
export function plots(context: Context, caption: Markup, uses: readonly PlotUse[]): Markup {
  const images = uses.map(({ path, svg, alt }) => {
    context.plots.set(path, svg);
    const width = /<svg[^>]* width="([\d.]+)"/.exec(svg)?.[1] ?? '493';
    return typst`plot(${literal(path)}, ${literal(alt)}, ${{ markup: `${width}pt` }}), `;
  });
  return typst`
#plots(caption: [${caption}], ${joined(images)})
`;
}

/** Why a question has no figures, as not-measured.csv says it; empty where it was measured for all. */
export function whyNot({ results }: Context, question: string): Markup {
  const [row] = results.rows('not-measured.csv', { question, target: '' });
  return row === undefined
    ? typst`Not measured: this run did not ask for it.`
    : typst`Not measured: ${shortened(row.reason ?? '')}.`;
}

const LONGEST_REASON = 160;

/** A reason may be a program's last words, which can be many; not-measured.csv has all of them. */
export function shortened(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason;
}

export function list(items: readonly Markup[]): Markup {
  return typst`
${joined(
  items.map(
    (item) => typst`- ${item}
`,
  ),
)}
`;
}

/** False where a row lacks the figure: a percentile of a load that was not answered in time, which no median may hide. */
export function complete({ results }: Context, source: Source, found: Figure | undefined): boolean {
  return source.op !== 'column' || results.rows(source.file, source.where).length === (found?.n ?? 0);
}
