import { DIFFERENCES } from '../function/apis/tensorflow-serving/differences.ts';
import { FatalError } from '../function/errors.ts';
import { flagOf } from '../function/process/command-line.ts';
import { OPTIONS } from '../function/process/options.ts';
import { type Outcome, theirFlags } from '../function/process/tf-serving-flags.ts';

/** Generated text by the name of its marker. */
export type Sections = ReadonlyMap<string, string>;

/**
 * Puts text between `<!-- NAME: generated … -->` and `<!-- /NAME -->`.
 *
 * @throws FatalError for a marker that has no text or no end
 */
export function fill(document: string, sections: Sections, file: string): string {
  return document.replace(
    /<!-- ([a-z-]+): generated[^\n]*-->\n([\s\S]*?)(<!-- \/\1 -->|$)/g,
    (whole, name: string, _old: string, end: string) => {
      const text = sections.get(name);
      if (text === undefined) throw new FatalError(`${file}: nothing is generated for the marker ${name}`);
      if (end === '') throw new FatalError(`${file}: <!-- /${name} --> is missing`);
      const start = whole.slice(0, whole.indexOf('\n') + 1);
      return `${start}${text === '' ? '' : `${text.trim()}\n`}${end}`;
    },
  );
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** All options of the server, in the order of --help. */
export function optionsTable(): string {
  const rows = Object.values(OPTIONS).map((option) => [
    `\`${option.env}\``,
    `\`--${flagOf(option)}\``,
    option.default === '' ? '' : `\`${option.default}\``,
    option.help,
    option.allowed,
  ]);
  return table(['Variable', 'Flag', 'Default', 'Meaning', 'May be'], rows);
}

/** What is answered in another way than TensorFlow Serving does, with the recorded requests that show it. */
export function differencesTable(): string {
  const rows = DIFFERENCES.map(({ here, theirs, answers }) => [
    here,
    theirs,
    Object.keys(answers).join(', '),
  ]);
  return table(['Here', 'TensorFlow Serving', 'Recorded as'], rows);
}

/** A value that stands for any. */
const ANY = '…';

/** TensorFlow Serving's flags, and what becomes of each. */
export function theirFlagsTable(): string {
  const rows = theirFlags(ANY).map(([name, outcome]) => [`\`--${name}\``, wordsOf(outcome)]);
  return table(['Flag of TensorFlow Serving', 'Here'], rows);
}

function wordsOf(outcome: Outcome): string {
  if (outcome === 'nothing to do') return 'nothing to do';
  if ('refused' in outcome) return `refused: ${outcome.refused}`;
  if ('ignored' in outcome) return `no effect: ${outcome.ignored}`;
  if ('file' in outcome) return 'the file is read';
  const flags = outcome.flags.map(([name, value]) =>
    [`--${name}`, ...(value === '*' ? [value] : [])].join('='),
  );
  return flags.map((flag) => `\`${flag}\``).join(', ');
}
