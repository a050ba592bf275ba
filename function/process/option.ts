/** One option: a flag, an environment variable, a default, a check and a line of help, all in one place. */
export interface Option<T> {
  readonly env: string;
  readonly default: string;
  /** What a value may be, for --help and for the message about a bad one. */
  readonly allowed: string;
  readonly help: string;
  /** The same as `allowed` in JSON Schema, for the chart's values. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The checked value; undefined where the text is not allowed. */
  readonly parse: (text: string) => T | undefined;
}

/** @param min @param max inclusive */
export function integer(
  env: string,
  fallback: number,
  min: number,
  max: number,
  help: string,
): Option<number> {
  return {
    env,
    default: String(fallback),
    allowed: `a whole number from ${min} to ${max}`,
    help,
    schema: { type: 'integer', minimum: min, maximum: max },
    parse: (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** @param allowed what `pattern` lets pass, in words */
export function text(
  env: string,
  fallback: string,
  pattern: RegExp,
  allowed: string,
  help: string,
): Option<string> {
  return {
    env,
    default: fallback,
    allowed,
    help,
    schema: { type: 'string', pattern: pattern.source },
    parse: (value) => (pattern.test(value) ? value : undefined),
  };
}

/** One of a few words. */
export function choice<T extends string>(
  env: string,
  fallback: T,
  values: readonly T[],
  help: string,
): Option<T> {
  return {
    env,
    default: fallback,
    allowed: `one of ${values.join(', ')}`,
    help,
    schema: { enum: values },
    parse: (value) => values.find((v) => v === value),
  };
}

/** Whole numbers, ascending, with commas between them; none at all for any. */
export function sizes(env: string, help: string): Option<readonly number[]> {
  return {
    env,
    default: '',
    allowed: 'ascending whole numbers from 1 to 1000000 with commas between them',
    help,
    schema: { type: 'string', pattern: '^(\\d+(,\\d+)*)?$' },
    parse: (text) => {
      const values =
        text === '' ? [] : text.split(',').map((size) => (/^\d{1,7}$/.test(size) ? Number(size) : 0));
      const ascending = values.every((value, i) => value > (values[i - 1] ?? 0) && value <= 1e6);
      return ascending ? values : undefined;
    },
  };
}

/** Origins of pages, in lower case, with commas between them. */
export function origins(env: string, help: string): Option<readonly string[]> {
  return {
    env,
    default: '',
    allowed: 'origins such as https://app.example.com with commas between them, or *',
    help,
    schema: { type: 'string' },
    parse: (text) => {
      const values = text === '' ? [] : text.toLowerCase().split(/\s*,\s*/);
      return values.every((value) => /^(?:\*|[a-z][a-z\d+.-]*:\/\/[^\s/?#,*]+)$/.test(value))
        ? values
        : undefined;
    },
  };
}

/** Paths with commas between them; none at all is fine. */
export function paths(env: string, help: string): Option<readonly string[]> {
  return {
    env,
    default: '',
    allowed: 'files or folders with commas between them',
    help,
    schema: { type: 'string' },
    parse: (text) => (text === '' ? [] : text.split(',')),
  };
}

/** `true` or `false`, in full: 1, yes or on are refused, lest a typo counts as one of the two. */
export function flag(env: string, fallback: boolean, help: string): Option<boolean> {
  const allowed = 'true or false';
  const parse = (value: string) => (value === 'true' ? true : value === 'false' ? false : undefined);
  return { env, default: String(fallback), allowed, help, schema: { type: 'boolean' }, parse };
}
