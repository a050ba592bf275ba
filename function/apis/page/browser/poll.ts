/**
 * Asks for an address again and again while the page is to be seen: one request at a time, and ever more seldom while
 * there is no answer. Nothing is asked while the page is hidden.
 *
 * @param onAnswer given the answer; says in how many ms to ask again
 * @param onSilence told why there was none
 */
export function poll(
  address: string,
  onAnswer: (answer: unknown) => number,
  onSilence: (reason: string) => void,
): void {
  const most_ms = 30_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait_ms = 2000;
  let isAsking = false;

  const later = (in_ms: number) => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, in_ms);
  };

  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      const response = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
      if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
      const answer: unknown = await response.json();
      wait_ms = 2000;
      later(onAnswer(answer));
    } catch (error) {
      onSilence(error instanceof Error ? error.message : String(error));
      later(wait_ms);
      wait_ms = Math.min(wait_ms * 2, most_ms);
    } finally {
      isAsking = false;
    }
  };

  document.addEventListener('visibilitychange', () => later(0));
  later(2000);
}
