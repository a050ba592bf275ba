import type { PageDescription, PageSignature, PageTensor } from '../page-data.ts';
import { byId, element, refill } from './dom.ts';
import { hashOf, type Selection } from './text.ts';

/** The signature that an address means: the one that it names, else the default, else the first. */
export function signatureOf(
  { signatures }: PageDescription,
  { signature: asked }: Selection,
): PageSignature | undefined {
  const named = (name: string) => signatures.find((signature) => signature.name === name);
  return named(asked) ?? named('serving_default') ?? signatures[0];
}

/** Shows the signatures of a version, and the inputs and outputs of the one that is chosen. */
export function showSignatures(
  { signatures, more }: PageDescription,
  chosen: PageSignature | undefined,
  selected: Selection,
): void {
  const chips = signatures.map(({ name, unsupported }) => {
    const chip = element(
      'a',
      {
        href: hashOf({ ...selected, signature: name }),
        class: unsupported === '' ? 'chip' : 'chip failed',
      },
      name,
    );
    if (name === chosen?.name) chip.setAttribute('aria-current', 'true');
    return element('li', {}, chip);
  });
  if (more > 0) chips.push(element('li', { class: 'what' }, `and ${more} more: see its metadata`));
  if (signatures.length === 0) chips.push(element('li', { class: 'what' }, 'none'));
  refill(byId('signatures'), chips);

  const hasDefaults = chosen?.inputs.some((input) => input.default !== '') === true;
  byId('default').hidden = !hasDefaults;
  const rows = (role: string, tensors: readonly PageTensor[]) =>
    tensors.map(({ key, dtype, shape, default: initial }) =>
      element(
        'tr',
        {},
        element('td', { class: 'what' }, role),
        element('th', { scope: 'row' }, element('code', {}, key)),
        element('td', {}, element('code', {}, dtype)),
        element('td', {}, element('code', {}, shape)),
        ...(hasDefaults ? [element('td', {}, element('code', {}, initial))] : []),
      ),
    );
  const all =
    chosen === undefined ? [] : [...rows('input', chosen.inputs), ...rows('output', chosen.outputs)];
  if (chosen !== undefined && chosen.more > 0)
    all.push(element('tr', {}, element('td', { class: 'what', colspan: '5' }, `and ${chosen.more} more`)));
  byId('tensors').replaceChildren(...all);
  const method = chosen?.method.replace(/^tensorflow\/serving\//, '') ?? '';
  byId('method').textContent = method === 'predict' || method === '' ? '' : `Its method is ${method}.`;
  byId('unsupported').textContent = chosen?.unsupported ?? '';
}
