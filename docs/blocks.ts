import { FatalError } from '../function/errors.ts';

/** A fenced block of a program in a document, and what the comment before it says of its test. */
export interface Block {
  readonly file: string;
  /** Of the fence, counted from 1. */
  readonly line: number;
  readonly language: Language;
  readonly script: string;
  readonly how: 'run' | 'server' | 'docker' | 'cluster' | 'slow' | { readonly by: string };
  /** What it is run with: a program that has to be there, or for Python one of the environments that tests make. */
  readonly with: string | undefined;
  /** The output that the document shows after it; undefined where it shows none. */
  readonly output: string | undefined;
}

const FENCE =
  /^(?:<!-- test: (\S+) -->\n)?```(sh|python|js)\n([\s\S]*?)^```\n(?:\n```(?:json|text)\n([\s\S]*?)^```\n)?/gm;
const LANGUAGES = ['sh', 'python', 'js'] as const;
export type Language = (typeof LANGUAGES)[number];

const HOW = ['run', 'server', 'docker', 'cluster', 'slow'] as const;

/**
 * The blocks of shell commands, Python and JavaScript of a Markdown document. Before each one stands `<!-- test: HOW -->`:
 * `run`: run at once; `run:NAME`: the same, with that program, or in that environment of Python; `server`: goes on until the next one or the end of the document; `docker`, `cluster`: run where
 * there is one; `slow`: run with --slow; `by:FILE`: the same commands are run by that file.
 *
 * @throws FatalError for a block that does not say how it is tested
 */
export function blocksOf(markdown: string, file: string): Block[] {
  return [...markdown.matchAll(FENCE)].map(([, said, fence, script = '', output], index, all) => {
    const line = markdown.slice(0, all[index]?.index).split('\n').length + (said === undefined ? 0 : 1);
    const by = said?.startsWith('by:') ? { by: said.slice(3) } : undefined;
    const tool = said?.startsWith('run:') ? said.slice(4) : undefined;
    const how = by ?? (tool === undefined ? HOW.find((word) => word === said) : 'run');
    if (how === undefined) {
      throw new FatalError(
        `${file}:${line}: say how these commands are tested: <!-- test: ${HOW.join('|')}|run:NAME|by:FILE -->`,
      );
    }
    const language = LANGUAGES.find((one) => one === fence) ?? 'sh';
    return { file, line, language, script, how, with: tool, output };
  });
}

const VARYING: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'RUN-ID'],
  [/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'DATE'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
  [/\r/g, ''],
];

/** The text without what is another one in each run. */
export function comparable(text: string): string {
  return VARYING.reduce((left, [pattern, name]) => left.replace(pattern, name), text).trim();
}

/** A script's command lines, continued ones joined, without comments. */
export function commandsOf(script: string): string[] {
  return script
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#\s.*$|^#.*$/, '').trim())
    .filter((line) => line !== '');
}
