import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/**
 * One JSON object a line, in the fields that log collectors know: `time` in ISO 8601, `level` by name, and on every
 * line the run ID and, on Knative, the revision.
 */
export function createLogger(
  level: string,
  runId: string,
  revision: string,
  destination: DestinationStream,
): Logger {
  return pino(
    {
      level,
      base: { runId, ...(revision === '' ? {} : { revision }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
