import type { Histogram } from 'hdr-histogram-js';
import hdr from 'hdr-histogram-js';

/** Latencies are kept in nanoseconds with three significant digits, from 1 ns to 10 minutes. */
const NANOSECONDS_PER_MS = 1e6;
const LONGEST_NS = 600e9;

export interface Percentiles {
  readonly p50_ms: number | null;
  readonly p90_ms: number | null;
  readonly p99_ms: number | null;
  readonly p999_ms: number | null;
  readonly max_ms: number | null;
}

export function newHistogram(): Histogram {
  return hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_NS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
}

export function record(histogram: Histogram, ms: number): void {
  histogram.recordValue(Math.min(LONGEST_NS, Math.max(1, Math.round(ms * NANOSECONDS_PER_MS))));
}

/**
 * Percentiles of a histogram and of `unfinished` requests more, which count as slower than all recorded ones:
 * a percentile that falls on one of them is null (not known). So is every one of an empty histogram.
 */
export function percentiles(histogram: Histogram, unfinished = 0): Percentiles {
  const recorded = histogram.totalCount;
  const all = recorded + unfinished;
  const at = (permille: number) => {
    const place = Math.ceil((permille * all) / 1000);
    if (recorded === 0 || place > recorded) return null;
    // half a place lower, lest rounding of the quotient reach the next one
    return histogram.getValueAtPercentile(((place - 0.5) / recorded) * 100) / NANOSECONDS_PER_MS;
  };
  return { p50_ms: at(500), p90_ms: at(900), p99_ms: at(990), p999_ms: at(999), max_ms: at(1000) };
}

/** One tagged line of an HdrHistogram log, times in seconds since the epoch. */
export function logLine(histogram: Histogram, tag: string, startMs: number, endMs: number): string {
  let line = '';
  histogram.tag = tag;
  const writer = new hdr.HistogramLogWriter((text) => {
    line += text;
  });
  writer.outputIntervalHistogram(histogram, startMs / 1000, endMs / 1000, NANOSECONDS_PER_MS);
  return line.trimEnd();
}

/** The head of an HdrHistogram log file. */
export function logHead(): string {
  return [
    '#[Histogram log format version 1.3]',
    '#[Values are latencies in nanoseconds; Interval_Max is in milliseconds]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    '',
  ].join('\n');
}
