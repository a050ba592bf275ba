/** How late an event loop was. */
export interface LoopDelay {
  readonly loop_delay_p99_ms: number | null;
  readonly loop_delay_max_ms: number | null;
}

/** Milliseconds out of a Prometheus page; null where it has no such figure. */
export function loopDelayIn(page: string): LoopDelay {
  const at = (statistic: string) => {
    const pattern = `^celsiusify_event_loop_delay_seconds\\{[^}]*statistic="${statistic}"[^}]*\\} (\\S+)$`;
    const seconds = Number(new RegExp(pattern, 'm').exec(page)?.[1] ?? Number.NaN);
    return Number.isFinite(seconds) ? seconds * 1000 : null;
  };
  return { loop_delay_p99_ms: at('p99'), loop_delay_max_ms: at('max') };
}
