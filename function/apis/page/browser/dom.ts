/**
 * The page's own script is made of functions such as these, each as text (../page-script.ts): they may use each other, what a
 * browser has, and types, but no constants and no imports of a module.
 */

/** Makes an element. What a model or a server says becomes text, never HTML. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The element that the page has by this ID. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/** Puts other children in place of an element's own; what had the focus in it gets it again, by its address. */
export function refill(parent: HTMLElement, children: readonly Node[]): void {
  const focused = document.activeElement;
  const href = focused !== null && parent.contains(focused) ? focused.getAttribute('href') : null;
  parent.replaceChildren(...children);
  if (href === null) return;
  for (const link of parent.querySelectorAll('a')) if (link.getAttribute('href') === href) link.focus();
}
