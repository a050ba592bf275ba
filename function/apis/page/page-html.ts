import type { SavedModel } from '../../model/saved-model.ts';
import type { Signature, TensorInfo } from '../../model/signatures.ts';
import { celsiusSignature } from '../celsius/celsius.ts';
import type { Load, Phase } from '../deps.ts';
import { predictExample } from '../tensorflow-serving/predict-example.ts';
import { Html, html } from './html.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';

/** A conversion that was asked for by the page's own address. */
export type Conversion =
  | { readonly fahrenheit: string; readonly celsius: string }
  | { readonly fahrenheit: string; readonly error: string };

export interface PageView {
  readonly runId: string;
  readonly version: string;
  readonly phase: Phase;
  readonly modelName: string;
  /** Undefined while it is being loaded. */
  readonly model: SavedModel | undefined;
  readonly load: Load;
  readonly uptimeSeconds: number;
  /** Phase → seconds. */
  readonly coldStart: ReadonlyMap<string, number>;
  readonly metricsHere: boolean;
  readonly conversion: Conversion | undefined;
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" +
  "%3Ccircle cx='8' cy='8' r='8' fill='%230b5c86'/%3E%3Ccircle cx='5' cy='5' r='1.6' fill='none' stroke='%23fff'/%3E" +
  "%3Cpath d='M12.6 6.2a3.4 3.4 0 1 0 0 4.4' fill='none' stroke='%23fff' stroke-width='1.5'/%3E%3C/svg%3E";

/** The whole page as text. Addresses in it are relative, so that it works under a prefix too. */
export function pageHtml(view: PageView): string {
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${view.modelName} · Celsiusify</title>
<link rel="icon" href="${new Html(ICON)}">
<style>${new Html(PAGE_STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>Celsiusify</h1>
<p>serves ${view.modelName}</p>
<p class="state ${view.phase}">${view.phase}</p>
</header>
${tryOut(view)}
<div class="pair">
${processSection(view)}
${[...(view.model?.signatures.values() ?? [])].map(signatureSection)}
</div>
${coldStartSection(view.coldStart)}
${endpointsSection(view)}
</main>
<script>${new Html(PAGE_SCRIPT)}</script>
</body>
</html>
`;
  return text;
}

function tryOut({ model, modelName, conversion }: PageView): Html {
  if (model === undefined) return html`<p class="card">The model is being loaded; load this page again.</p>`;
  if (celsiusSignature(model) !== undefined) return converter(conversion);
  const example = predictExample(model.signatures);
  const body =
    example === undefined ? '@request.json' : `'${JSON.stringify(example).replaceAll("'", "'\\''")}'`;
  return html`<section class="card" aria-labelledby="try">
<h2 id="try">Ask the model</h2>
${curl(`v1/models/${modelName}:predict`, body)}
</section>`;
}

function converter(conversion: Conversion | undefined): Html {
  const { fahrenheit, celsius, error } = { celsius: '—', error: undefined, fahrenheit: '212', ...conversion };
  return html`<section class="card" aria-label="Convert">
<form method="get">
<label for="fahrenheit">Fahrenheit</label>
<span class="quantity"><input id="fahrenheit" name="fahrenheit" type="number" step="any" required autocomplete="off"
 value="${fahrenheit}"> <span class="unit" aria-hidden="true">°F</span></span>
<button>Convert</button>
<span class="label" id="celsius">Celsius</span>
<span class="quantity"><output for="fahrenheit" aria-labelledby="celsius" class="${error === undefined ? '' : 'failed'}"
>${celsius}</output> <span class="unit" aria-hidden="true">°C</span></span>
</form>
<p id="by" role="status">${error ?? ''}</p>
${curl('celsius', `'{"fahrenheit": 212}'`)}
</section>`;
}

function curl(path: string, body: string): Html {
  return html`<pre><code>curl -d ${body} <span class="address">http://localhost:8080/</span>${path}</code></pre>`;
}

function processSection({ runId, version, modelName, model, load, uptimeSeconds }: PageView): Html {
  return html`<section aria-labelledby="process">
<h2 id="process">This process</h2>
<dl>
<div><dt>Run ID</dt><dd><code id="run-id">${runId}</code></dd></div>
<div><dt>Model</dt><dd>${modelName}${model === undefined ? '' : `, version ${model.version}`}</dd></div>
<div><dt>Celsiusify</dt><dd>${version}</dd></div>
<div><dt>Threads</dt><dd>${load.busy} of ${load.threads} busy, ${load.rowsWaiting} rows waiting</dd></div>
<div><dt>Up for</dt><dd>${duration(uptimeSeconds)}</dd></div>
</dl>
</section>`;
}

const PHASES: Readonly<Record<string, string>> = {
  process: 'from exec until Node.js is up',
  bundle: 'the program is read',
  listen: 'the port is opened',
  native: "TensorFlow's libraries are loaded",
  model: 'the SavedModel becomes a session',
  warmup: 'each signature runs once',
};

/** Each phase as a bar that begins where the one before ends. */
function coldStartSection(coldStart: ReadonlyMap<string, number>): Html {
  const total = [...coldStart.values()].reduce((sum, seconds) => sum + seconds, 0);
  let from = 0;
  const rows = [...coldStart].map(([phase, seconds]) => {
    const percent = (value: number) => `${((value / total) * 100).toFixed(2)}%`;
    const row = html`<tr>
<th scope="row">${phase} <span class="what">${PHASES[phase] ?? ''}</span></th>
<td class="bar"><svg aria-hidden="true"><rect x="${percent(from)}" width="${percent(seconds)}" height="100%"/></svg></td>
<td class="figure">${milliseconds(seconds)}</td>
</tr>`;
    from += seconds;
    return row;
  });
  return html`<section aria-labelledby="cold-start">
<h2 id="cold-start">Cold start</h2>
<table class="phases" aria-labelledby="cold-start">
<tbody>
${rows}
</tbody>
<tfoot><tr><th scope="row">in all</th><td></td><td class="figure">${milliseconds(total)}</td></tr></tfoot>
</table>
</section>`;
}

function signatureSection({ name, inputs, outputs, unsupported }: Signature): Html {
  const row = (role: string) => (info: TensorInfo) =>
    html`<tr>
<td class="what">${role}</td><th scope="row"><code>${info.key}</code></th><td><code>${info.dtype}</code></td>
<td><code>${info.shape === undefined ? 'any shape' : `[${info.shape.join(', ')}]`}</code></td>
</tr>`;
  return html`<section>
<h2>Signature <code>${name}</code></h2>
<table aria-label="Signature ${name}">
<tbody>
${inputs.map(row('input'))}
${outputs.map(row('output'))}
</tbody>
</table>
${unsupported === undefined ? '' : html`<p class="failed">${unsupported}</p>`}
</section>`;
}

function endpointsSection({ model, modelName, metricsHere }: PageView): Html {
  const converts = model !== undefined && celsiusSignature(model) !== undefined;
  const base = `v1/models/${modelName}`;
  const post = (path: string) => html`<code>POST /${path}</code>`;
  const get = (path: string) => html`<a href="${path}"><code>/${path}</code></a>`;
  const endpoints = [
    ...(converts ? [[post('celsius'), '°F in, °C out']] : []),
    [post(`${base}:predict`), "the model by TensorFlow Serving's REST API"],
    [get(base), 'the version that is served'],
    [get(`${base}/metadata`), 'signatures, dtypes, shapes'],
    [get('openapi.json'), 'all of this for programs'],
    [get('healthz'), 'the process answers'],
    [get('readyz'), 'the model is warm'],
    ...(metricsHere ? [[get('metrics'), 'for Prometheus']] : []),
  ] as const;
  return html`<section aria-labelledby="endpoints">
<h2 id="endpoints">Endpoints</h2>
<table class="endpoints" aria-labelledby="endpoints">
<tbody>
${endpoints.map(([path = '', what = '']) => html`<tr><th scope="row">${path}</th><td class="what">${what}</td></tr>`)}
</tbody>
</table>
</section>`;
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}

/** The two largest units: `3 h 12 min`. */
function duration(seconds: number): string {
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return 'less than a second';
  return units
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
