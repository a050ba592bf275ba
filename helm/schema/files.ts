import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { celsiusSchema } from './celsius.ts';
import { locustSchema } from './locust.ts';
import { withOptions } from './options.ts';

export const HELM = join(import.meta.dirname, '..');

/** File in helm/ → the text it should have. */
export function files(): ReadonlyMap<string, string> {
  const json = (schema: unknown) => `${JSON.stringify(schema, null, 1)}\n`;
  const values = 'celsius/values.yaml';
  return new Map([
    ['celsius/values.schema.json', json(celsiusSchema)],
    ['locust/values.schema.json', json(locustSchema)],
    [values, withOptions(readFileSync(join(HELM, values), 'utf8'))],
  ]);
}
