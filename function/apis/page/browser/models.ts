import type { PageModel, PageState, PageVersion } from '../page-data.ts';
import { byId, element, refill } from './dom.ts';
import { hashOf, type Selection } from './text.ts';

/** The version that answers where none is asked for: the newest that is available. */
export function answering({ versions }: Pick<PageModel, 'versions'>): PageVersion | undefined {
  return versions.find(({ state }) => state === 'AVAILABLE');
}

/** Lists the models, those that have the filter's text in their names. */
export function showModels({ models, more }: PageState, selected: Selection): void {
  const filter = byId('filter');
  const list = byId('models');
  byId('app').classList.toggle('single', models.length === 1 && more === 0);
  byId('filter-box').hidden = models.length <= 8;
  const asked = filter instanceof HTMLInputElement ? filter.value.trim().toLowerCase() : '';
  const found = models.filter(({ name }) => name.toLowerCase().includes(asked));
  const items = found.map((model) => {
    const { name, versions, standing } = model;
    const version = answering(model)?.version ?? (standing === 'loading' ? 'loading' : 'failed');
    const link = element(
      'a',
      { href: hashOf({ model: name, version: '', signature: '' }), class: standing },
      element('span', { class: 'name' }, name),
      element('span', { class: 'what' }, versions.length > 1 ? `${version} of ${versions.length}` : version),
    );
    if (name === selected.model) link.setAttribute('aria-current', 'true');
    return element('li', {}, link);
  });
  if (more > 0) items.push(element('li', { class: 'what' }, `and ${more} more: see v1/models`));
  if (found.length === 0)
    items.push(element('li', { class: 'what' }, models.length === 0 ? 'none' : 'none has this in its name'));
  refill(list, items);
}

/** Shows the versions of a model, with what is wrong with each. */
export function showVersions(model: PageModel, selected: Selection, shown: string): void {
  const { name, versions, unloaded, more, reason, standing } = model;
  const chips = versions.map(({ version, state, code, labels }) => {
    const failed = code !== 'OK' || state === 'END';
    const chip = element(
      'a',
      {
        href: hashOf({ ...selected, model: name, version }),
        class: `chip ${failed || standing === 'failed' ? 'failed' : state === 'AVAILABLE' ? 'available' : 'loading'}`,
      },
      element('span', { class: 'name' }, version),
      element('span', { class: 'what' }, state),
      ...labels.map((label) => element('span', { class: 'label' }, label)),
    );
    if (version === shown) chip.setAttribute('aria-current', 'true');
    return element('li', {}, chip);
  });
  if (more > 0) chips.push(element('li', { class: 'what' }, `${more} more`));
  if (unloaded > 0) chips.push(element('li', { class: 'what' }, `${unloaded} unloaded`));
  refill(byId('versions'), chips);
  const said = versions.flatMap(({ version, code, message }) =>
    code === 'OK' ? [] : [element('li', {}, `Version ${version}: ${code}: ${message}`)],
  );
  if (said.length === 0 && standing === 'failed') said.push(element('li', {}, reason));
  refill(byId('reasons'), said);
}
