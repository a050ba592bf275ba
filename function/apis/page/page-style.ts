/** The page's style sheet. Bars are SVG with attributes, as the page's policy allows no style attribute. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #faf9f7; --card: #fff; --well: #f4f2ee; --ink: #1b1c1e; --muted: #5c5f66; --line: #dfdcd6; --mark: #e8f1f6;
  --warm: #a3420b; --cool: #0b5c86; --good: #1d6b3c; --bad: #b0251b;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121416; --card: #191c1f; --well: #131618; --ink: #e7e5e1; --muted: #a0a3a8; --line: #33373c; --mark: #1d3340;
    --warm: #f0a070; --cool: #74bde6; --good: #74c896; --bad: #f0857c;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 var(--sans); }
main { max-width: 76rem; margin: 0 auto; padding: 1.75rem 1.5rem 4rem; display: grid; gap: 2rem; }
main > * { min-width: 0; }
h1, h2, h3, p, dl, dd, pre, ul { margin: 0; }
ul { padding: 0; list-style: none; }
h1 { font-size: 1.25rem; font-weight: 650; letter-spacing: -0.01em; }
h2, h3 { font-size: 0.8125rem; font-weight: 600; color: var(--muted); }
h2 { margin-bottom: 0.75rem; }
.title { font-size: 1.375rem; font-weight: 650; letter-spacing: -0.015em; color: var(--ink); margin: 0; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 0.625rem; }
header p { color: var(--muted); font-size: 0.875rem; }
header .state { margin-left: auto; color: var(--good); font-weight: 600; }
.state::before, nav a::before, .chip.available::before, .chip.loading::before, .chip.failed::before {
  content: ""; flex: none; display: inline-block; width: 0.5rem; height: 0.5rem; margin-right: 0.5rem; border-radius: 50%;
  background: var(--good);
}
header .state.starting, header .state.draining { color: var(--warm); }
.state.starting::before, .state.draining::before, .loading::before { background: var(--warm) !important; }
header .state.silent { color: var(--bad); }
.state.silent::before, a.failed::before { background: var(--bad) !important; }
code, pre, textarea, .figure { font-family: var(--mono); font-size: 0.875rem; font-variant-numeric: tabular-nums; }
code { overflow-wrap: anywhere; }
a { color: var(--cool); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--cool); outline-offset: 2px; border-radius: 4px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.what, dt { color: var(--muted); }
.failed { color: var(--bad); }
.good { color: var(--good); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem; min-width: 0; }

.figures { display: grid; grid-template-columns: repeat(4, 1fr); background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.figures > div { padding: 0.875rem 1.25rem; min-width: 0; }
.figures > div + div { border-left: 1px solid var(--line); }
.figures dt { font-size: 0.8125rem; }
.figures dd { font-size: 1.25rem; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.meter { display: block; width: 100%; height: 3px; margin-top: 0.25rem; border-radius: 2px; background: var(--line); }
rect { fill: var(--cool); }

.convert { display: grid; grid-template-columns: 1fr auto 1fr; gap: 0.5rem 1.75rem; align-items: center; }
.convert label, .convert .label { font-size: 0.875rem; color: var(--muted); }
.convert .label { grid-column: 3; grid-row: 1; }
.quantity { display: flex; align-items: baseline; gap: 0.5rem; grid-row: 2; min-width: 0; }
.quantity input, .quantity output {
  flex: 1; min-width: 0; font: 500 2.25rem/1.3 var(--mono); letter-spacing: -0.03em; color: inherit;
}
.quantity input {
  width: 100%; padding: 0 0.125rem; background: none; border: 0; border-bottom: 2px solid var(--warm);
  border-radius: 0; appearance: textfield;
}
.quantity input:focus-visible { outline: 0; }
.quantity:has(input:focus-visible) { outline: 2px solid var(--cool); outline-offset: 4px; border-radius: 3px; }
.quantity input::-webkit-inner-spin-button, .quantity input::-webkit-outer-spin-button { appearance: none; }
.quantity output { padding: 0 0.125rem; border-bottom: 2px solid var(--cool); overflow-x: auto; }
.quantity output.failed { color: var(--bad); }
.quantity .unit { font-size: 1.25rem; color: var(--warm); }
.quantity output + .unit { color: var(--cool); }
.convert button { grid-row: 2; grid-column: 2; }
#by { min-height: 1.5em; margin: 0.75rem 0; font-size: 0.875rem; color: var(--muted); overflow-wrap: anywhere; }
form:has(.failed) + #by { color: var(--bad); }
.curl { padding-top: 1rem; border-top: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }

button {
  font: 600 0.9375rem/1 var(--sans); padding: 0.75rem 1.125rem; cursor: pointer;
  border: 1px solid var(--ink); border-radius: 8px; background: var(--ink); color: var(--paper);
}
button:hover { background: var(--cool); border-color: var(--cool); }
button.plain { background: none; color: var(--ink); border-color: var(--line); font-weight: 500; }
button.plain:hover { border-color: var(--ink); }

.app { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 1.75rem; align-items: start; }
.app.single { grid-template-columns: minmax(0, 1fr); }
.app.single nav { display: none; }
nav { padding-top: 0.25rem; }
nav ul { display: grid; gap: 1px; max-height: 36rem; overflow-y: auto; padding: 3px; margin: -3px; }
nav li.what { padding: 0.5rem 0.625rem; font-size: 0.875rem; }
nav a {
  display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: baseline; padding: 0.4375rem 0.625rem;
  border-radius: 8px; color: inherit; text-decoration: none;
}
nav a::before { position: relative; top: -0.0625rem; }
nav a .name { overflow-wrap: anywhere; font-weight: 500; }
nav a .what { font-size: 0.8125rem; font-variant-numeric: tabular-nums; padding-left: 0.75rem; }
nav a:hover { background: var(--well); }
nav a[aria-current] { background: var(--mark); }
nav a[aria-current] .what { color: inherit; }
#filter {
  width: 100%; margin-bottom: 0.5rem; padding: 0.5rem 0.625rem; font: inherit; font-size: 0.9375rem; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: 8px;
}
article { display: grid; gap: 1.25rem; }
article > * { min-width: 0; }
.line { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); align-items: baseline; }
.chips { display: flex; flex-wrap: wrap; gap: 0.375rem; max-height: 9.5rem; overflow-y: auto; padding: 3px; margin: -3px; }
.chips li.what { padding: 0.25rem 0.25rem; font-size: 0.875rem; }
.chip {
  display: inline-flex; align-items: baseline; max-width: 100%; padding: 0.1875rem 0.6875rem; font-size: 0.875rem;
  border: 1px solid var(--line); border-radius: 1rem; color: inherit; text-decoration: none; overflow-wrap: anywhere;
}
.chip:hover { border-color: var(--muted); }
.chip[aria-current] { background: var(--mark); border-color: var(--cool); }
.chip .name { font-weight: 600; font-variant-numeric: tabular-nums; margin-right: 0.5rem; }
.chip .what { font-size: 0.75rem; letter-spacing: 0.02em; }
.chip[aria-current] .what { color: inherit; }
.chip .label { margin-left: 0.5rem; font-size: 0.75rem; color: var(--cool); }
.chip .label::before { content: "# "; }
#reasons { display: grid; gap: 0.25rem; font-size: 0.875rem; overflow-wrap: anywhere; }
#reasons:empty, #unsupported:empty { display: none; }
#note { color: var(--muted); }
#note.failed { color: var(--bad); }
#described { display: grid; gap: 1.25rem; }
#described > * { min-width: 0; }
#method { font-size: 0.875rem; margin-top: -0.75rem; }
#method:empty { display: none; }
thead th, thead td { border: 0; font-size: 0.8125rem; color: var(--muted); }
.scroll { overflow-x: auto; }
.scroll td, .scroll th { white-space: nowrap; }
.request { display: grid; gap: 0.625rem; border-top: 1px solid var(--line); padding-top: 1.25rem; grid-template-columns: auto 1fr; }
.request > * { grid-column: 1 / -1; min-width: 0; }
.request h3, .request h3 + code { grid-column: auto; align-self: baseline; }
.request h3 + code { color: var(--muted); text-align: right; }
textarea {
  width: 100%; padding: 0.875rem 1rem; line-height: 1.55; color: inherit; background: var(--well); resize: vertical;
  border: 1px solid var(--line); border-radius: 8px; overflow-wrap: anywhere;
}
#placeholder { font-size: 0.875rem; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
.keys { font-size: 0.8125rem; margin-left: 0.25rem; }
#reply-status { font-weight: 600; font-variant-numeric: tabular-nums; min-height: 1.5em; overflow-wrap: anywhere; }
#reply {
  max-height: 26rem; overflow: auto; padding: 0.875rem 1rem; line-height: 1.55; background: var(--well);
  border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere;
}

.pair > div { display: grid; gap: 2rem; align-content: start; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 2rem 3rem; }
dl > div { min-width: 0; }
section > dl > div { display: grid; grid-template-columns: 6rem minmax(0, 1fr); padding: 0.375rem 0; border-top: 1px solid var(--line); }
dd { min-width: 0; }
#run-id { user-select: all; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.375rem 0; border-top: 1px solid var(--line); text-align: left; font-weight: 400; vertical-align: baseline; }
td + td, th + td, td + th, th + th { padding-left: 1.5rem; }
.endpoints th { width: 45%; }
td.figure { text-align: right; white-space: nowrap; }
.bar { width: 40%; }
.bar svg { display: block; width: 100%; height: 0.625rem; }
tfoot th, tfoot td { font-weight: 600; }
@media (max-width: 52rem) {
  .app { grid-template-columns: minmax(0, 1fr); gap: 1rem; }
  nav ul { max-height: 13.5rem; }
}
@media (max-width: 40rem) {
  main { padding: 1.25rem 1rem 3rem; gap: 1.5rem; }
  .card { padding: 1.125rem 1rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures > div { padding: 0.625rem 1rem; }
  .figures > div:nth-child(3) { border-left: 0; }
  .figures > div:nth-child(n + 3) { border-top: 1px solid var(--line); }
  .convert { grid-template-columns: 1fr; gap: 0.375rem; }
  .convert .label, .convert button, .quantity { grid-column: 1; grid-row: auto; }
  .convert button { margin: 0.75rem 0; }
  .line { grid-template-columns: minmax(0, 1fr); gap: 0.375rem; }
  .request { grid-template-columns: minmax(0, 1fr); }
  .request h3 + code { text-align: left; }
  .keys { display: none; }
  .phases tr { display: grid; grid-template-columns: 1fr auto; column-gap: 1rem; padding: 0.5rem 0; border-top: 1px solid var(--line); }
  .phases th, .phases td { padding: 0; border: 0; }
  .phases .bar { grid-row: 2; grid-column: 1 / 3; width: auto; padding: 0.375rem 0 0; }
  .phases td.figure { grid-row: 1; grid-column: 2; }
  .phases .what { display: block; }
  .phases .what, .endpoints .what { font-size: 0.875rem; }
  .endpoints th, .endpoints td { display: block; width: auto; }
  .endpoints th { padding-bottom: 0; }
  .endpoints td { padding: 0 0 0.375rem; border: 0; }
  td + td, th + td, td + th, th + th { padding-left: 0.75rem; }
  .endpoints td + td, .endpoints th + td { padding-left: 0; }
}
@media (prefers-reduced-motion: no-preference) {
  button, a, .chip { transition: background-color 0.12s, border-color 0.12s; }
  #busy-bar { transition: width 0.3s; }
}
`;
