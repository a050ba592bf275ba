/** `celsiusify_cold_start_seconds{…phase="model"…} 0.029` in Prometheus's text format. */
const COLD_START = /^celsiusify_cold_start_seconds\{(?:[^}]*,)?phase="([^"]+)"[^}]*\}\s+(\S+)/gm;

/**
 * The function's own parts of its cold start.
 * @param metrics the text of its /metrics
 * @returns duration in ms by phase, in the order of the text; empty for an image that has none
 */
export function coldStartPhases(metrics: string): Map<string, number> {
  const phases = new Map<string, number>();
  for (const [, phase, seconds] of metrics.matchAll(COLD_START)) {
    if (phase !== undefined && Number.isFinite(Number(seconds))) phases.set(phase, Number(seconds) * 1000);
  }
  return phases;
}
