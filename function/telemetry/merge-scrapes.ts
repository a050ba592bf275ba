/** What the process has once, or each event loop the same of: the largest counts. All else is added up. */
const LARGEST = new Set([
  'celsiusify_version_loads',
  'celsiusify_version_load_seconds',
  'celsiusify_version_state',
  'celsiusify_cold_start_seconds',
  'celsiusify_event_loop_delay_seconds',
  'celsiusify_info',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'process_cpu_seconds',
]);

const SAMPLE = /^([a-zA-Z_:][\w:]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?) (\S+)(.*)$/;

interface Family {
  readonly head: Set<string>;
  readonly isLargest: boolean;
  /** By name and labels. */
  readonly samples: Map<string, { value: string; exemplar: string }>;
}

/**
 * One scrape of a process whose event loops count each for itself.
 *
 * @param scrapes one for each loop, all in Prometheus' text format or all in OpenMetrics
 */
export function mergeScrapes(scrapes: readonly string[]): string {
  const families = new Map<string, Family>();
  let end = '';
  for (const scrape of scrapes) {
    let family: Family | undefined;
    for (const line of scrape.split('\n')) {
      if (line === '# EOF') end = `${line}\n`;
      else if (line.startsWith('#')) family = familyOf(families, line);
      else if (line !== '' && family !== undefined) addSample(family, line);
    }
  }
  const texts = [...families.values()].map(({ head, samples }) =>
    [
      ...head,
      ...[...samples].map(([series, { value, exemplar }]) => `${series} ${value}${exemplar}`),
      '',
    ].join('\n'),
  );
  return texts.join('') + end;
}

/** Of a line that says what a metric is: `# HELP name …` or `# TYPE name …`. */
function familyOf(families: Map<string, Family>, line: string): Family {
  const name = line.split(' ')[2] ?? '';
  let family = families.get(name);
  if (family === undefined) {
    family = { head: new Set(), isLargest: LARGEST.has(name.replace(/_total$/, '')), samples: new Map() };
    families.set(name, family);
  }
  family.head.add(line);
  return family;
}

function addSample({ samples, isLargest }: Family, line: string): void {
  const [, series = '', value = '', exemplar = ''] = SAMPLE.exec(line) ?? [];
  const known = samples.get(series);
  if (known === undefined) {
    samples.set(series, { value, exemplar });
    return;
  }
  const [a, b] = [Number(known.value), Number(value)];
  known.value = String(isLargest ? Math.max(a, b) : a + b);
  known.exemplar ||= exemplar;
}
