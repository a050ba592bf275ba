import type { PageDescription, PageModel, PageState } from '../page-data.ts';
import { startConverter } from './converter.ts';
import { byId } from './dom.ts';
import { answering, showModels, showVersions } from './models.ts';
import { poll } from './poll.ts';
import { startRequest } from './request.ts';
import { showSignatures, signatureOf } from './signatures.ts';
import { durationOf, type Selection, selectionOf } from './text.ts';

/** Begins: what the server knew when it sent the page stands in it; from then on it is asked. */
export function startPage(): void {
  const here = new URL('.', location.href).href;
  let state: PageState = JSON.parse(byId('state').textContent ?? '');
  let description: PageDescription | undefined;
  /** What was last asked for, and whether it was a version that could be described. */
  let asked = '';
  let drawn = '';
  let loading: AbortController | undefined;
  const request = startRequest(here);

  for (const address of document.querySelectorAll('.address')) address.textContent = here;
  startConverter(here, byId('run-id').textContent ?? '');

  /** What the address says, or the first model. */
  const selection = (): Selection => {
    const chosen = selectionOf(location.hash);
    const fallback = state.models.find(({ name }) => name === byId('app').dataset.model) ?? state.models[0];
    return chosen.model === '' ? { ...chosen, model: fallback?.name ?? '' } : chosen;
  };

  const showFigures = ({ phase, load, uptimeSeconds, models, more }: PageState) => {
    const pill = byId('phase');
    pill.textContent = phase;
    pill.className = `state ${phase}`;
    const ready = models.filter((model) => answering(model) !== undefined).length;
    byId('count').textContent =
      ready === models.length ? `${ready + more}` : `${ready} of ${models.length + more}`;
    byId('busy').textContent = `${load.busy} of ${load.threads}`;
    byId('busy-bar').setAttribute('width', `${(100 * load.busy) / Math.max(load.threads, 1)}%`);
    byId('rows').textContent = load.rowsWaiting.toLocaleString('en');
    byId('uptime').textContent = durationOf(uptimeSeconds);
  };

  const say = (words: string, failed = false) => {
    const note = byId('note');
    note.textContent = words;
    note.hidden = words === '';
    note.classList.toggle('failed', failed);
  };

  const showDescription = (selected: Selection) => {
    byId('described').hidden = description === undefined;
    if (description === undefined) return;
    const signature = signatureOf(description, selected);
    showSignatures(description, signature, selected);
    request.offer(description, signature, selected);
  };

  const describe = async (model: PageModel, selected: Selection) => {
    const version = selected.version || answering(model)?.version;
    const state = model.versions.find((one) => one.version === version)?.state;
    const wanted = `${model.name}\n${version}\n${state}`;
    if (wanted === asked) {
      showDescription(selected);
      return;
    }
    asked = wanted;
    loading?.abort();
    if (version === undefined || state !== 'AVAILABLE') {
      description = undefined;
      if (version !== undefined) say(`Version ${version} does not answer: it is ${state ?? 'not there'}.`);
      else say(model.standing === 'loading' ? 'It is being loaded.' : '');
      showDescription(selected);
      return;
    }
    loading = new AbortController();
    const { signal } = loading;
    if (description?.name !== model.name) say('Reading its signatures …');
    const path = `page/models/${encodeURIComponent(model.name)}/versions/${version}`;
    try {
      const response = await fetch(here + path, { signal });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      description = answer;
      say('');
      showDescription(selection());
    } catch (error) {
      if (signal.aborted) return;
      asked = '';
      description = undefined;
      say(error instanceof Error ? error.message : String(error), true);
      showDescription(selected);
    }
  };

  const show = () => {
    const selected = selection();
    const { models, more } = state;
    showFigures(state);
    const model = models.find(({ name }) => name === selected.model);
    // The rest is drawn when it is another, so that nothing flickers and selected text stays so.
    const filter = document.querySelector<HTMLInputElement>('#filter')?.value;
    const now = JSON.stringify([models, more, location.hash, filter]);
    if (now === drawn && asked !== '') return;
    drawn = now;
    showModels(state, selected);
    byId('model').textContent = selected.model || 'No model';
    byId('versions-line').hidden = model === undefined;
    document.title = `${selected.model || 'no model'} · Celsiusify`;
    if (model === undefined) {
      asked = '';
      description = undefined;
      byId('versions').replaceChildren();
      byId('reasons').replaceChildren();
      say(selected.model === '' ? 'No model is served yet.' : 'No model of this name is served.');
      showDescription(selected);
      return;
    }
    showVersions(model, selected, selected.version || (answering(model)?.version ?? ''));
    describe(model, selected);
  };

  byId('app').hidden = false;
  byId('filter').addEventListener('input', show);
  addEventListener('hashchange', show);
  show();
  poll(
    `${here}page/state`,
    (answer) => {
      state = answer as PageState; // of the server that sent this page
      show();
      const isMoving = state.models.some(({ versions }) =>
        versions.some(({ state }) => state !== 'AVAILABLE' && state !== 'END'),
      );
      return isMoving || state.phase !== 'ready' ? 1000 : 3000;
    },
    () => {
      const pill = byId('phase');
      pill.textContent = 'no answer';
      pill.className = 'state silent';
    },
  );
}
