/** Has the form of °F ask POST /celsius without leaving the page. @param here address of this server */
export function startConverter(here: string, runId: string): void {
  const form = document.querySelector('form.convert');
  const input = document.querySelector<HTMLInputElement>('#fahrenheit');
  const output = document.querySelector('#answer');
  const by = document.querySelector('#by');
  if (form === null || input === null || output === null || by === null) return;
  let asking: AbortController | undefined;

  const show = (answer: string, note: string, failed: boolean) => {
    output.textContent = answer;
    output.classList.toggle('failed', failed);
    by.textContent = note;
  };

  const ask = async (fahrenheit: number, signal: AbortSignal) => {
    const started = performance.now();
    const response = await fetch(`${here}celsius`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ fahrenheit }),
      signal,
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    const milliseconds = (performance.now() - started).toFixed(1);
    const whom = response.headers.get('x-run-id');
    const other = whom === runId ? '' : ', another process than the one that sent this page';
    show(String(answer.celsius), `answered by ${whom}${other} in ${milliseconds} ms`, false);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    ask(input.valueAsNumber, signal).catch((error: Error) => {
      if (!signal.aborted) show('—', error.message, true);
    });
  });
}
