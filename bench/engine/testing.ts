/** A server of a few lines in the place of one that is measured. */
import type { Example, ReadyServer } from './plan.ts';

/** @param script that node runs, and that listens on PORT of its environment */
export function stubServer(script: string): ReadyServer {
  return {
    target: {
      id: 'celsiusify',
      label: 'stub',
      kind: 'tf-serving',
      onlyWhenNamed: false,
      tolerance: 1e-4,
      probePaths: () => ['/healthz'],
      find: async () => 'not asked',
    },
    program: {
      version: '1',
      digest: '',
      command: (_, port) => ({ argv: [process.execPath, script], env: { PORT: String(port) } }),
    },
  };
}

/** A third of a number. */
export const THIRDS: readonly Example[] = [1, 2].map((x) => ({
  body: JSON.stringify({ instances: [x] }),
  answer: JSON.stringify({ predictions: [x / 3] }),
  rows: 1,
}));
