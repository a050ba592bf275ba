import { type Html, html } from './html.ts';
import type { Conversion } from './view.ts';

/** °F to °C by POST /celsius; without JavaScript the server writes the answer into the page. */
export function converter(conversion: Conversion | undefined): Html {
  const { fahrenheit, celsius, error } = { celsius: '—', error: undefined, fahrenheit: '212', ...conversion };
  return html`<section class="card" aria-label="Convert">
<form method="get" class="convert">
<label for="fahrenheit">Fahrenheit</label>
<span class="quantity"><input id="fahrenheit" name="fahrenheit" type="number" step="any" required autocomplete="off"
 value="${fahrenheit}"> <span class="unit" aria-hidden="true">°F</span></span>
<button>Convert</button>
<span class="label" id="celsius">Celsius</span>
<span class="quantity"><output for="fahrenheit" id="answer" aria-labelledby="celsius" class="${error === undefined ? '' : 'failed'}"
>${celsius}</output> <span class="unit" aria-hidden="true">°C</span></span>
</form>
<p id="by" role="status">${error ?? ''}</p>
<pre class="curl"><code>curl -d '{"fahrenheit": 212}' <span class="address">http://localhost:8080/</span>celsius</code></pre>
</section>`;
}
