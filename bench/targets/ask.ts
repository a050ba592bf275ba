import type { Ask } from './target.ts';

/** POST /celsius: a number for a number, a list for a list. */
export const celsiusAsk: Ask = {
  path: '/celsius',
  body: (fahrenheit) => JSON.stringify({ fahrenheit: fahrenheit.length === 1 ? fahrenheit[0] : fahrenheit }),
  celsius: (answer) => numbers(field(JSON.parse(answer), 'celsius')),
};

/** TensorFlow Serving's REST API in row format, which Celsiusify and the FastAPI app speak, too. */
export const predictAsk: Ask = {
  path: '/v1/models/celsius:predict',
  body: (fahrenheit) => JSON.stringify({ instances: fahrenheit }),
  celsius: (answer) => numbers(field(JSON.parse(answer), 'predictions')),
};

function field(value: unknown, name: string): unknown {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const found = entries.find(([key]) => key === name);
  if (!found) throw new Error(`no ${name} in the answer`);
  return found[1];
}

function numbers(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).map((item: unknown) => {
    if (typeof item !== 'number') throw new Error(`${JSON.stringify(item)} is not a number`);
    return item;
  });
}
