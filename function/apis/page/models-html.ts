import { type Html, html } from './html.ts';
import type { PageModel, PageState } from './page-data.ts';

/** The models: filled in by the page's script, and, for a browser without it, a table. @param name the one shown first */
export function modelsSection(state: PageState, name: string): Html {
  return html`<section id="app" class="app" data-model="${name}" aria-label="Models" hidden>
<nav aria-labelledby="models-title">
<h2 id="models-title">Models</h2>
<label id="filter-box" hidden><span class="hidden">Filter by name</span><input id="filter" type="search"
 placeholder="Filter" autocomplete="off" spellcheck="false"></label>
<ul id="models"></ul>
</nav>
<article class="card" aria-labelledby="model">
<h2 id="model" class="title">${name}</h2>
<section class="line" id="versions-line" aria-labelledby="versions-title">
<h3 id="versions-title">Versions</h3>
<ul id="versions" class="chips"></ul>
</section>
<ul id="reasons" class="failed"></ul>
<p id="note" role="status" hidden></p>
<div id="described" hidden>
<section class="line" aria-labelledby="signatures-title">
<h3 id="signatures-title">Signatures</h3>
<ul id="signatures" class="chips"></ul>
</section>
<div class="scroll" tabindex="0" role="region" aria-label="Inputs and outputs">
<table aria-label="Inputs and outputs">
<thead><tr><td></td><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Shape</th><th scope="col" id="default"
 hidden>Default</th></tr></thead>
<tbody id="tensors"></tbody>
</table>
</div>
<p class="what" id="method"></p>
<p id="unsupported" class="failed"></p>
<form id="request" class="request" hidden>
<h3><label for="body">Request</label></h3>
<code id="path"></code>
<textarea id="body" rows="8" spellcheck="false" autocomplete="off" autocapitalize="off" aria-describedby="placeholder"></textarea>
<p id="placeholder" class="what" hidden>A text such as <code>"&lt;224×224×3 of 0&gt;"</code> stands for so many values; they are
filled in when the request is sent.</p>
<p class="buttons"><button>Send</button> <button type="reset" class="plain">Reset</button>
<button type="button" class="plain" id="copy" hidden>Copy as curl</button> <span class="what keys">Ctrl + Enter sends</span></p>
<p id="reply-status" role="status"></p>
<pre id="reply" tabindex="0" role="region" aria-label="Answer" hidden></pre>
</form>
</div>
</article>
</section>
<noscript>${withoutScript(state)}</noscript>`;
}

function withoutScript({ models, more }: PageState): Html {
  return html`<section aria-labelledby="list">
<h2 id="list">Models</h2>
<table aria-labelledby="list">
<tbody>
${models.map(row)}
</tbody>
</table>
${more > 0 ? html`<p>and ${more} more: see <a href="v1/models">v1/models</a></p>` : ''}
</section>`;
}

function row({ name, versions, reason }: PageModel): Html {
  const states = versions.map(({ version, state }) => `${version} ${state}`).join(', ') || reason;
  return html`<tr>
<th scope="row"><a href="v1/models/${encodeURIComponent(name)}/metadata">${name}</a></th><td>${states}</td>
</tr>`;
}
