/** HTML text that is safe to put into a page as it is. */
export class Html {
  readonly text: string;

  /** @param text written by this program, never by a request or a model */
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Html[];

/** Template literal tag: what is put in is escaped, for text and for quoted attributes, unless it is Html itself. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(literals.reduce((text, literal, i) => text + written(parts[i - 1] ?? '') + literal));
}

function written(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
