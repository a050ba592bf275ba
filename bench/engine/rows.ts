import type { Example } from './plan.ts';

/**
 * One request of so many rows, from examples of one row, taken in turn.
 * @throws Error where there is no such example
 */
export function manyRows(examples: readonly Example[], rows: number): Example {
  const single = examples.filter((example) => example.rows === 1);
  const [first] = single;
  if (first === undefined) throw new Error('no example of one row');
  if (rows === 1) return first;
  const chosen = Array.from({ length: rows }, (_, i) => single[i % single.length] ?? first);
  const instances = chosen.map(({ body }) => within(body, 'instances'));
  const predictions = chosen.map(({ answer }) => within(answer, 'predictions'));
  return {
    body: `{"instances":[${instances.join(',')}]}`,
    answer: `{"predictions":[${predictions.join(',')}]}`,
    rows,
  };
}

/** The text between the brackets of the list under a body's only key. */
function within(body: string, key: string): string {
  const head = `{"${key}":[`;
  if (!body.startsWith(head) || !body.endsWith(']}')) throw new Error(`no list alone under ${key}`);
  return body.slice(head.length, -2);
}

/** The rows of a request's body. */
export function instancesIn(body: string): unknown {
  return JSON.parse(`[${within(body, 'instances')}]`);
}
