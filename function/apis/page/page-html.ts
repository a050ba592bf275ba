import { celsiusSignature } from '../celsius/celsius.ts';
import { converter } from './converter-html.ts';
import { Html, html } from './html.ts';
import { modelsSection } from './models-html.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import { coldStartSection, endpointsSection, figures, processSection } from './process-html.ts';
import type { PageView } from './view.ts';

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
  "%3Ccircle cx='8' cy='8' r='8' fill='%230b5c86'/%3E%3Ccircle cx='5' cy='5' r='1.6' fill='none' stroke='%23fff'/%3E" +
  "%3Cpath d='M12.6 6.2a3.4 3.4 0 1 0 0 4.4' fill='none' stroke='%23fff' stroke-width='1.5'/%3E%3C/svg%3E";

/** The whole page as text. Addresses in it are relative, so that it works under a prefix too. */
export function pageHtml(view: PageView): string {
  const { state, model, modelName } = view;
  const converts = model !== undefined && celsiusSignature(model) !== undefined;
  const name = state.models.some(({ name }) => name === modelName) ? modelName : state.models[0]?.name;
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name ?? 'no model'} · Celsiusify</title>
<link rel="icon" href="${new Html(ICON)}">
<style>${new Html(PAGE_STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>Celsiusify</h1>
<p>${view.version}</p>
<p class="state ${state.phase}" id="phase" role="status">${state.phase}</p>
</header>
${figures(state)}
${converts ? converter(view.conversion) : ''}
${modelsSection(state, name ?? '')}
<div class="pair">
${endpointsSection(view, converts)}
<div>
${processSection(view)}
${coldStartSection(view.coldStart)}
</div>
</div>
</main>
<script type="application/json" id="state">${new Html(jsonInHtml(state))}</script>
<script>${new Html(PAGE_SCRIPT)}</script>
</body>
</html>
`;
  return text;
}

/** JSON that no HTML parser takes for an end of the element that it stands in. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
