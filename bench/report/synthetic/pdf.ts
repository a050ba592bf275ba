import { extractText, getDocumentProxy, getMeta } from 'unpdf';

/** Text of each page, and what the PDF says of itself. unpdf is pdf.js without a browser: no program has to be installed. */
export async function readPdf(pdf: Uint8Array) {
  const document = await getDocumentProxy(new Uint8Array(pdf));
  const { text } = await extractText(document, { mergePages: false });
  const { info, metadata } = await getMeta(document);
  const marked = await document.getMarkInfo();
  const outline = await document.getOutline();
  return {
    pages: text,
    info,
    metadata,
    tagged: marked?.Marked ?? false,
    headings: outline?.map(({ title }) => title) ?? [],
  };
}

/** Numbers as printed, without their thousands' commas; a number that is part of a name (`p99`) is one, too. */
export function numbersIn(text: string): string[] {
  return [...text.matchAll(/\d+(?:,\d{3})*(?:\.\d+)?/g)].map(([found]) => found.replaceAll(',', ''));
}
