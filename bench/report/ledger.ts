import { formatCsv } from '../csv.ts';
import { describe, type Figure, type Source, type Unit } from './figures.ts';
import { format, formatApart, formatBare, formatInterval } from './format.ts';

/** A number that the report prints, and how anyone gets it from the CSV files again. */
export interface Entry {
  /** As printed, such as `67.2k`. */
  readonly printed: string;
  readonly value: number;
  readonly unit: Unit;
  /** `median`, `low` or `high` of the observations of `source`; or a rule of its own, said in `rule`. */
  readonly statistic: 'median' | 'low' | 'high' | 'derived';
  readonly n: number;
  readonly source: Source | undefined;
  /** The selection or the rule in words. */
  readonly rule: string;
}

/**
 * Turns figures into text and keeps account of each, so that the report's numbers can be checked against the CSV files: a
 * number gets into the report by this way only. The account is written to figures.csv.
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** The median with its unit. */
  say(figure: Figure): string {
    return this.#note(figure, format(figure.median, figure.unit), 'median');
  }

  /** The median with as many digits as tell it from a limit. */
  sayApart(figure: Figure, limit: number): string {
    return this.#note(figure, formatApart(figure.median, figure.unit, limit), 'median');
  }

  /** The median without its unit, for a table whose head names the unit; `like` fixes the magnitude. */
  bare(figure: Figure, like = figure.median): string {
    return this.#note(figure, formatBare(figure.median, figure.unit, like), 'median');
  }

  /** The interval, such as `65.9–68.1k`; empty for a single observation, which has none. */
  interval(figure: Figure, bareLike?: number): string {
    if (figure.n < 2) return '';
    const printed = formatInterval(figure, bareLike !== undefined, bareLike);
    this.#note(figure, printed, 'low');
    return this.#note(figure, printed, 'high');
  }

  /** A number made from CSV files by a rule of its own, such as a fitted slope; `rule` says it, with the selection. */
  derived(value: number, unit: Unit, rule: string, printed = format(value, unit)): string {
    return this.#keep({ printed, value, unit, statistic: 'derived', n: 1, source: undefined, rule });
  }

  #note(figure: Figure, printed: string, statistic: 'median' | 'low' | 'high'): string {
    const { source, unit, n } = figure;
    return this.#keep({
      printed,
      value: figure[statistic],
      unit,
      statistic,
      n,
      source,
      rule: describe(source),
    });
  }

  #keep(entry: Entry): string {
    this.#entries.set(`${entry.statistic} ${entry.rule} ${entry.printed}`, entry);
    return entry.printed;
  }

  /** figures.csv: one line for each printed number. */
  toCsv(): string {
    const columns = ['printed', 'value', 'unit', 'statistic', 'n', 'from'];
    return formatCsv(
      columns,
      this.entries.map(({ printed, value, unit, statistic, n, rule }) => ({
        printed,
        value,
        unit,
        statistic,
        n,
        from: rule,
      })),
    );
  }
}
