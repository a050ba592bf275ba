import t from 'tap';
import { Html, html } from './html.ts';

const cases = [
  {
    name: 'text',
    built: html`<p>${'a < b & "c" > \'d\''}</p>`,
    text: '<p>a &#60; b &#38; &#34;c&#34; &#62; &#39;d&#39;</p>',
  },
  {
    name: 'an attribute',
    built: html`<i title="${'" onclick="x'}">`,
    text: '<i title="&#34; onclick=&#34;x">',
  },
  { name: 'a number', built: html`${1.5}`, text: '1.5' },
  { name: 'Html in Html', built: html`<b>${html`<i>${'<'}</i>`}</b>`, text: '<b><i>&#60;</i></b>' },
  { name: 'a list of Html', built: html`${[html`<i>`, new Html('<b>')]}`, text: '<i><b>' },
  { name: 'nothing', built: html`<p>${''}</p>`, text: '<p></p>' },
];

for (const { name, built, text } of cases) {
  t.test(name, async (t) => t.equal(built.text, text));
}
