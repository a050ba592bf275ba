import { OPTIONS } from '../../function/process/options.ts';
import { object, orNull, type Schema } from './json-schema.ts';

/** Options that have values of their own in the chart, or that are the platform's. */
export const ELSEWHERE = [
  ...['port', 'grpcPort', 'metricsPort', 'metricsToken', 'revision'],
  ...['tlsCertFile', 'tlsKeyFile', 'tlsClientCaFile', 'tlsPorts'],
];

const options = Object.entries(OPTIONS).filter(([name]) => !ELSEWHERE.includes(name));

/** `config` in the celsius chart's values: every option, or null for the server's own default. */
export const config: Schema = {
  ...object(Object.fromEntries(options.map(([name, { schema }]) => [name, orNull(lenient(schema))]))),
  description: 'options of the server, in camelCase',
};

/** YAML has no quotes around `true`, nor does --set: a choice that has true and false takes them bare, too. */
function lenient(schema: Schema): Schema {
  const values = Array.isArray(schema.enum) ? schema.enum : [];
  const bare = [true, false].filter((value) => values.includes(String(value)));
  return bare.length > 0 ? { enum: [...values, ...bare] } : schema;
}

const START =
  '  # options: what is null is as the server has it. npm run docs:charts writes these from function/process/options.ts\n';
const END = '  # /options\n';

/**
 * values.yaml with the options that it gives no value of its own, each with its line of help.
 *
 * @throws Error where it has no place for them
 */
export function withOptions(yaml: string): string {
  const start = yaml.indexOf(START);
  const end = yaml.indexOf(END);
  if (start < 0 || end < start)
    throw new Error(`values.yaml: the lines ${START.trim()} … ${END.trim()} are missing`);
  const own = new Set([...yaml.slice(0, start).matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name));
  const lines = options
    .filter(([name]) => !own.has(name))
    .map(([name, { help, default: fallback }]) => {
      const given = fallback === '' ? '' : ` [${fallback}]`;
      return `  # -- ${help}${given}\n  ${name}: null\n`;
    });
  return yaml.slice(0, start) + START + lines.join('') + yaml.slice(end);
}
