/**
 * What the page does in a browser that runs scripts: it asks POST /celsius without leaving the page, and writes this
 * server's own address into the examples. It stands in the page as it is here, so its hash is the page's policy.
 */
export const PAGE_SCRIPT = `
const form = document.querySelector('form');
const output = document.querySelector('output');
const by = document.querySelector('#by');
const runId = document.querySelector('#run-id').textContent;
const here = new URL('.', location.href).href;
let asking;

for (const address of document.querySelectorAll('.address')) address.textContent = here;

const show = (answer, note, failed) => {
  output.textContent = answer;
  output.classList.toggle('failed', failed);
  by.textContent = note;
};

const ask = async (fahrenheit, signal) => {
  const started = performance.now();
  const response = await fetch(here + 'celsius', {
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
  show(String(answer.celsius), 'answered by ' + whom + other + ' in ' + milliseconds + ' ms', false);
};

form?.addEventListener('submit', (event) => {
  event.preventDefault();
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  ask(form.elements.fahrenheit.valueAsNumber, signal).catch((error) => {
    if (!signal.aborted) show('—', error.message, true);
  });
});
`;
