import type { Signature } from '../../model/signatures.ts';
import { exampleOf } from '../tensorflow-serving/predict-example.ts';

/** A line of an example may be so long before a list is broken into lines of its own. */
const LINE = 72;

/**
 * The body of an example request, laid out to be read and changed. What has too many values stands as a text such as
 * `<224×224×3 of 0>`, which the page fills in when it sends.
 */
export function exampleText(signature: Signature): string {
  return laidOut(
    exampleOf(signature, (shape, element) => {
      const sizes = Array.isArray(element) ? [...shape, element.length] : shape;
      return `<${sizes.join('×')} of ${wordOf(element)}>`;
    }),
  );
}

function wordOf(element: unknown): string {
  if (Array.isArray(element)) return wordOf(element[0]);
  return typeof element === 'object' ? '' : String(element);
}

/** JSON with a line for each member of an object; lists of plain values stay in one. */
function laidOut(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const members = isList
    ? value.map((one) => laidOut(one, inner))
    : Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${laidOut(one, inner)}`);
  const [open, close] = isList ? '[]' : '{}';
  const line = `${open}${members.join(', ')}${close}`;
  if (line.length <= LINE && !line.includes('\n') && (isList || indent !== '')) return line;
  return `${open}\n${members.map((member) => inner + member).join(',\n')}\n${indent}${close}`;
}
