/** Of the values of one series, and how many event loops there are. */
type Rule = (values: readonly number[], loops: number) => number;

const largest: Rule = (values) => Math.max(...values);
const sum: Rule = (values) => values.reduce((a, b) => a + b, 0);
const mean: Rule = (values, loops) => sum(values, loops) / loops;

/** What the process has once, or each event loop the same of, and what is of a loop's own time. All else is added up. */
const RULES: ReadonlyMap<string, Rule> = new Map([
  ['celsiusify_version_loads', largest],
  ['celsiusify_version_load_seconds', largest],
  ['celsiusify_version_state', largest],
  ['celsiusify_cold_start_seconds', largest],
  ['celsiusify_event_loop_delay_seconds', largest],
  ['celsiusify_event_loop_active_seconds', mean],
  ['celsiusify_info', largest],
  ['process_resident_memory_bytes', largest],
  ['process_start_time_seconds', largest],
  ['process_cpu_seconds', largest],
]);

const SAMPLE = /^([a-zA-Z_:][\w:]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?) (\S+)(.*)$/;

interface Family {
  readonly head: Set<string>;
  readonly rule: Rule;
  /** By name and labels. */
  readonly samples: Map<string, { readonly values: number[]; exemplar: string }>;
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
  const texts = [...families.values()].map(({ head, rule, samples }) => {
    const lines = [...samples].map(
      ([series, { values, exemplar }]) => `${series} ${rule(values, scrapes.length)}${exemplar}`,
    );
    return [...head, ...lines, ''].join('\n');
  });
  return texts.join('') + end;
}

/** Of a line that says what a metric is: `# HELP name …` or `# TYPE name …`. */
function familyOf(families: Map<string, Family>, line: string): Family {
  const name = line.split(' ')[2] ?? '';
  let family = families.get(name);
  if (family === undefined) {
    family = { head: new Set(), rule: RULES.get(name.replace(/_total$/, '')) ?? sum, samples: new Map() };
    families.set(name, family);
  }
  family.head.add(line);
  return family;
}

function addSample({ samples }: Family, line: string): void {
  const [, series = '', value = '', exemplar = ''] = SAMPLE.exec(line) ?? [];
  const known = samples.get(series);
  if (known === undefined) samples.set(series, { values: [Number(value)], exemplar });
  else {
    known.values.push(Number(value));
    known.exemplar ||= exemplar;
  }
}
