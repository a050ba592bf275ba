/** The page's style sheet. Bars are SVG with attributes, as the page's policy allows no style attribute. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #fff; --ink: #1c1d1f; --muted: #5c5f66; --line: #dedbd5;
  --warm: #a3420b; --cool: #0b5c86; --good: #1d6b3c; --bad: #b0251b;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131517; --card: #1a1d20; --ink: #e7e5e1; --muted: #a0a3a8; --line: #33373c;
    --warm: #f0a070; --cool: #74bde6; --good: #74c896; --bad: #f0857c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 var(--sans); }
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; display: grid; gap: 2.5rem; }
main > * { min-width: 0; }
h1, h2, p, dl, dd, pre, figure { margin: 0; }
h1 { font-size: 1.25rem; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 0.8125rem; font-weight: 600; color: var(--muted); margin-bottom: 0.75rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 0.75rem; }
header p { color: var(--muted); }
header .state { margin-left: auto; color: var(--good); font-weight: 600; font-size: 0.875rem; }
header .state::before {
  content: ""; display: inline-block; width: 0.55em; height: 0.55em; margin-right: 0.45em; border-radius: 50%;
  background: currentColor;
}
header .state.starting, header .state.draining { color: var(--warm); }
code, pre, .figure { font-family: var(--mono); font-size: 0.875em; font-variant-numeric: tabular-nums; }
code { overflow-wrap: anywhere; }
a { color: var(--cool); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--cool); outline-offset: 3px; border-radius: 3px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.5rem; }
form { display: grid; grid-template-columns: 1fr auto 1fr; gap: 0.5rem 1.75rem; align-items: center; }
form label, form .label { font-size: 0.875rem; color: var(--muted); }
form .label { grid-column: 3; grid-row: 1; }
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
.quantity .unit { font-size: 1.25rem; color: var(--warm); }
.quantity output + .unit { color: var(--cool); }
button {
  grid-row: 2; grid-column: 2; font: 600 1rem/1 var(--sans); padding: 0.8rem 1.1rem; cursor: pointer;
  border: 1px solid var(--ink); border-radius: 8px; background: var(--ink); color: var(--paper);
}
button:hover { background: var(--cool); border-color: var(--cool); }
.failed { color: var(--bad); }
#by { min-height: 3em; margin: 0.875rem 0 0.5rem; font-size: 0.875rem; color: var(--muted); overflow-wrap: anywhere; }
form:has(.failed) + #by { color: var(--bad); }
pre { overflow-x: auto; padding-top: 1rem; border-top: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 2.5rem 3rem; }
h2 + pre { padding: 0; border: 0; }
dl > div { display: grid; grid-template-columns: 6rem 1fr; padding: 0.375rem 0; border-top: 1px solid var(--line); }
dt, .what { color: var(--muted); }
dd { min-width: 0; }
#run-id { user-select: all; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.375rem 0; border-top: 1px solid var(--line); text-align: left; font-weight: 400; vertical-align: baseline; }
td + td, th + td, td + th { padding-left: 1.5rem; }
.endpoints th { width: 45%; }
td.figure { text-align: right; white-space: nowrap; }
.bar { width: 40%; }
.bar svg { display: block; width: 100%; height: 0.625rem; }
.bar rect { fill: var(--cool); }
tfoot th, tfoot td { font-weight: 600; }
@media (max-width: 40rem) {
  main { padding-top: 1.25rem; gap: 2rem; }
  .card { padding: 1.125rem; }
  form { grid-template-columns: 1fr; gap: 0.375rem; }
  form .label, button, .quantity { grid-column: 1; grid-row: auto; }
  button { margin: 0.75rem 0; }
  .pair { gap: 2rem; }
  .phases tr { display: grid; grid-template-columns: 1fr auto; column-gap: 1rem; padding: 0.5rem 0; border-top: 1px solid var(--line); }
  .phases th, .phases td { padding: 0; border: 0; }
  .phases .bar { grid-row: 2; grid-column: 1 / 3; width: auto; padding: 0.375rem 0 0; }
  .phases td.figure { grid-row: 1; grid-column: 2; }
  .phases .what { display: block; }
  .what { font-size: 0.875rem; }
  .endpoints th, .endpoints td { display: block; width: auto; }
  .endpoints th { padding-bottom: 0; }
  .endpoints td { padding: 0 0 0.375rem; border: 0; }
  td + td, th + td, td + th { padding-left: 0.75rem; }
}
@media (prefers-reduced-motion: no-preference) {
  button, a { transition: background-color 0.12s, border-color 0.12s; }
}
`;
