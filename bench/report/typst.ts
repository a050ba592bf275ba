import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { FatalError, messageOf } from '../../function/errors.ts';

/** Typst markup, as against plain text: only `typst`, `plain`, `code` and `literal` make it. */
export interface Markup {
  readonly markup: string;
}

/** Typst markup with values put in: strings are escaped, markup stays what it is. */
export function typst(parts: TemplateStringsArray, ...values: readonly (string | Markup)[]): Markup {
  const filled = parts.map((part, i) => {
    const value = values[i];
    return part + (value === undefined ? '' : typeof value === 'string' ? plain(value) : value.markup);
  });
  return { markup: filled.join('') };
}

/** Plain text as markup that prints exactly that text. */
export function plain(text: string): string {
  return text.replace(/[\\#$*_`<>@[\]~\-/=+.'"]/g, '\\$&');
}

export function joined(parts: readonly Markup[], between = ''): Markup {
  return { markup: parts.map(({ markup }) => markup).join(between) };
}

/** A Typst string literal. */
export function literal(text: string): Markup {
  return { markup: `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` };
}

/** An inline or block of code, printed letter by letter. */
export function code(text: string, block = false): Markup {
  return { markup: `#raw(${literal(text).markup}, block: ${block}, lang: none)` };
}

const FOLDER = import.meta.dirname;
const FONTS = ['400Regular', '400Regular_Italic', '600SemiBold'];

/**
 * Compiles the report as PDF/UA-1, that is tagged, with a title, a language and a description for every picture: Typst
 * refuses to write the file otherwise. `plots` are SVGs by the path that the markup names them by.
 * The same input gives the same bytes: `created` (seconds since 1970) is all the PDF knows of time.
 */
export function toPdf(body: Markup, plots: ReadonlyMap<string, string>, created: number): Buffer {
  const packageFile = createRequire(import.meta.url).resolve('@expo-google-fonts/source-sans-3/package.json');
  const fontPaths = FONTS.map((name) => join(dirname(packageFile), name));
  const compiler = NodeCompiler.create({ workspace: FOLDER, fontArgs: [{ fontPaths }] });
  compiler.mapShadow(join(FOLDER, 'template.typ'), readFileSync(join(FOLDER, 'template.typ')));
  for (const [path, svg] of plots) compiler.mapShadow(join(FOLDER, path), Buffer.from(svg));
  const compiled = compiler.compile({ mainFileContent: body.markup });
  const document = compiled.result;
  if (document === null) {
    const diagnostics: unknown =
      compiled.hasError() && compiler.fetchDiagnostics(firstOf(compiled.takeDiagnostics()));
    throw new FatalError(
      `Typst cannot set the report: ${JSON.stringify(diagnostics)}; a mistake in bench/report`,
    );
  }
  try {
    return compiler.pdf(document, { pdfStandard: 'ua-1', pdfTags: true, creationTimestamp: created });
  } catch (error) {
    throw new FatalError(`Typst cannot write the PDF: ${messageOf(error)}; a mistake in bench/report`);
  }
}

function firstOf<T>(value: T | null): T {
  if (value === null) throw new Error('Typst failed and does not say why');
  return value;
}
