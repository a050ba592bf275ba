import { durationOf } from './browser/text.ts';
import { type Html, html } from './html.ts';
import type { PageState } from './page-data.ts';
import type { PageView } from './view.ts';

/** What the process does now; the page's script keeps it so. */
export function figures({ load, models, more, uptimeSeconds }: PageState): Html {
  return html`<dl class="figures" aria-label="Now">
<div><dt>Models</dt><dd id="count">${models.length + more}</dd></div>
<div><dt>Threads busy</dt><dd><span id="busy">${load.busy} of ${load.threads}</span>
<svg aria-hidden="true" class="meter"><rect id="busy-bar" width="0%" height="100%"/></svg></dd></div>
<div><dt>Rows waiting</dt><dd id="rows">${load.rowsWaiting}</dd></div>
<div><dt>Up for</dt><dd id="uptime">${durationOf(uptimeSeconds)}</dd></div>
</dl>`;
}

export function processSection({ runId, version }: PageView): Html {
  return html`<section aria-labelledby="process">
<h2 id="process">This process</h2>
<dl>
<div><dt>Run ID</dt><dd><code id="run-id">${runId}</code></dd></div>
<div><dt>Version</dt><dd>${version}</dd></div>
</dl>
</section>`;
}

const PHASES: Readonly<Record<string, string>> = {
  process: 'from exec until Node.js is up',
  bundle: 'the program is read',
  listen: 'the port is opened',
  native: "TensorFlow's libraries are loaded",
  model: 'the first SavedModel becomes a session',
  warmup: 'each signature runs once',
};

/** Each phase as a bar that begins where the one before ends. */
export function coldStartSection(coldStart: ReadonlyMap<string, number>): Html {
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

/** @param converts whether POST /celsius is answered */
export function endpointsSection({ metricsHere }: PageView, converts: boolean): Html {
  const post = (path: string) => html`<code>POST /${path}</code>`;
  const get = (path: string) => html`<a href="${path}"><code>/${path}</code></a>`;
  const endpoints = [
    ...(converts ? [[post('celsius'), '°F in, °C out']] : []),
    [post('v1/models/NAME:predict'), "a model by TensorFlow Serving's REST API"],
    [post('v2/models/NAME/infer'), 'a model by Open Inference V2, with binary tensors'],
    [get('v1/models'), 'all models, their versions and states'],
    [get('openapi.json'), 'all of this for programs'],
    [get('healthz'), 'the process answers'],
    [get('readyz'), 'the models are warm'],
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
