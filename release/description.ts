import { FatalError } from '../function/errors.ts';

/** Docker Hub takes no more, in bytes. */
const MOST_BYTES = 25_000;

/** What of README.md someone asks who looks at an image, in this order; the introduction comes before. */
const SECTIONS = ['Docker', 'Ask', 'Your own model'];

/**
 * Docker Hub's description of the images.
 *
 * @param readme README.md
 * @throws {FatalError} where a section is missing, or it all is too long
 */
export function description(readme: string): string {
  const [introduction = '', ...parts] = readme.replace(/<!--.*?-->\n?/gs, '').split(/^(?=## )/m);
  const chosen = SECTIONS.map((title) => {
    const part = parts.find((text) => text.startsWith(`## ${title}\n`));
    if (part === undefined) throw new FatalError(`README.md has no section ${title}`);
    return part;
  });
  // The table of contents leads to sections that are not here; pictures and links within are left to who shows it.
  const words = introduction.replace(/^- \[.*(?:\n {2}.*)*\n?/gm, '').trimEnd();
  const text = [`${words}\n\n`, ...chosen].join('').replaceAll(/\[([^\]]+)\]\(#[^)]*\)/g, '$1');
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES)
    throw new FatalError(`the description has ${bytes} bytes, and may have ${MOST_BYTES}`);
  return text;
}
