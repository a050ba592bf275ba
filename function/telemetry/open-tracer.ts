import type { TracedProcess, Tracer } from './tracing.ts';
import { parseTracing } from './tracing-options.ts';

/**
 * OpenTelemetry's tracer, where its standard variables name an endpoint. Its code is loaded only then.
 *
 * @throws FatalError with exit code 2 that names a bad variable; rejects with it
 */
export async function openTracer(
  env: Readonly<Record<string, string | undefined>>,
  traced: TracedProcess,
): Promise<Tracer | undefined> {
  const options = parseTracing(env);
  if (options === undefined) return undefined;
  const { createTracer } = await import('./opentelemetry.ts');
  return createTracer(options, traced);
}
