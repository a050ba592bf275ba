import type { PageDescription, PageSignature } from '../page-data.ts';
import { byId } from './dom.ts';
import { bytesText, filled, laidOut, type Selection } from './text.ts';

/** What is sent, and how what came back is shown. */
export interface RequestForm {
  /** Offers the example of a signature, or what was made of it before. */
  offer(description: PageDescription, signature: PageSignature | undefined, selected: Selection): void;
}

/** Makes the form send what stands in it to a model. @param here address of this server */
export function startRequest(here: string): RequestForm {
  const form = byId('request');
  const body = document.querySelector<HTMLTextAreaElement>('#body');
  const answer = byId('reply');
  const status = byId('reply-status');
  if (body === null) throw new Error('the page has no #body');
  /** What was typed, by signature. */
  const typed = new Map<string, string>();
  let example = '';
  let key = '';
  let path = '';
  let asking: AbortController | undefined;

  const say = (words: string, kind: '' | 'failed' | 'good') => {
    status.textContent = words;
    status.className = kind;
  };

  const show = (text: string) => {
    const most = 20_000;
    const short = text.length <= most ? laidOut(text) : `${text.slice(0, most)} …`;
    answer.textContent = short;
    answer.hidden = text === '';
  };

  /** @returns the body to send; undefined where it cannot be */
  const bodyToSend = (): string | undefined => {
    try {
      return filled(body.value);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error), 'failed');
      return undefined;
    }
  };

  const send = async (text: string, signal: AbortSignal) => {
    say('asking …', '');
    const started = performance.now();
    const response = await fetch(here + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
      signal,
    });
    const reply = await response.text();
    const milliseconds = (performance.now() - started).toFixed(1);
    const version = response.headers.get('x-model-version');
    const words = [
      `${response.status} ${response.statusText}`.trim(),
      `${milliseconds} ms`,
      ...(version === null ? [] : [`version ${version}`]),
      bytesText(new TextEncoder().encode(reply).length),
    ];
    say(words.join(' · '), response.ok ? 'good' : 'failed');
    show(reply);
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    asking?.abort();
    const text = bodyToSend();
    if (text === undefined) return;
    asking = new AbortController();
    const { signal } = asking;
    send(text, signal).catch((error: Error) => {
      if (signal.aborted) return;
      show('');
      say(`no answer: ${error.message}`, 'failed');
    });
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    typed.delete(key);
    body.value = example;
    body.focus();
  });
  body.addEventListener('input', () => typed.set(key, body.value));
  body.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (form instanceof HTMLFormElement) form.requestSubmit();
  });
  const copy = byId('copy');
  copy.hidden = navigator.clipboard === undefined; // as it is without TLS, but for localhost
  copy.addEventListener('click', async () => {
    const text = bodyToSend();
    if (text === undefined) return;
    const quoted = `'${text.replaceAll("'", "'\\''")}'`;
    await navigator.clipboard.writeText(`curl -d ${quoted} ${here}${path}`).then(
      () => say('the command is in the clipboard', ''),
      () => say('the browser does not let the page write to the clipboard', 'failed'),
    );
  });

  return {
    offer({ name }, signature, { version }) {
      form.hidden = signature === undefined || signature.unsupported !== '';
      if (signature === undefined) return;
      const which = version === '' ? '' : `/versions/${encodeURIComponent(version)}`;
      path = `v1/models/${encodeURIComponent(name)}${which}:predict`;
      byId('path').textContent = `POST /${path}`;
      example = signature.example;
      byId('placeholder').hidden = !/"<[\d×]+ of/.test(example);
      const before = key;
      key = `${name}\n${version}\n${signature.name}`;
      const wanted = typed.get(key) ?? example;
      if (body.value !== wanted) body.value = wanted;
      body.rows = Math.min(Math.max(wanted.split('\n').length + 1, 5), 16);
      if (before === key) return;
      asking?.abort();
      show('');
      say('', '');
    },
  };
}
