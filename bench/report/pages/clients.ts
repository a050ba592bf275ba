import { column, divide } from '../figures.ts';
import { OURS } from '../questions.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, say, table, targetsIn, whyNot } from './context.ts';

/** The same question put by other clients: whoever doubts one may believe the other. */
export function clientsPage(context: Context): Markup {
  return typst`
= Other clients
${crossCheck(context)}
${locust(context)}
`;
}

function crossCheck(context: Context): Markup {
  const { results } = context;
  const file = 'cross-check.csv';
  const clients = [...new Set(results.rows(file).map((row) => row.client ?? ''))].sort();
  const connections = results.rows(file)[0]?.connections ?? '';
  if (clients.length === 0) return typst`*Independent clients.* ${whyNot(context, 'cross-check')}`;
  const targets = targetsIn(results, file);
  const rate = (target: string, client: string) => column(file, { target, client }, 'requests_per_s');
  const others = clients.filter((client) => client !== 'autocannon');
  const lines = targets.map((target) => [
    labelOf(results, target),
    ...clients.map((client) => cell(context, get(context, rate(target, client), 'requests/s'))),
    ...others.map((client) =>
      cell(context, get(context, divide(rate(target, client), rate(target, 'autocannon')), 'share')),
    ),
  ]);
  return table({
    caption: typst`Requests/s over ${connections} connections by each client, and the others’ figure as a share of autocannon’s. A client that itself takes much CPU time leaves less for a server on the same cores, the more so the faster the server is.`,
    head: ['', ...clients, ...others.map((client) => `${client} ÷ autocannon`)],
    lines,
    strong: targets.flatMap((target, index) => (target === OURS ? [index] : [])),
  });
}

function locust(context: Context): Markup {
  const { results } = context;
  const file = 'locust.csv';
  const rows = results.rows(file);
  const [first] = rows;
  if (first === undefined) return typst`*Locust.* ${whyNot(context, 'locust')}`;
  const targets = targetsIn(results, file);
  const closed = (target: string) =>
    column('closed-loop.csv', { target, client: 'autocannon', connections: 32 }, 'requests_per_s');
  const lines = targets.map((target) => {
    const of = (name: string) => column(file, { target }, name);
    return [
      labelOf(results, target),
      cell(context, get(context, of('requests_per_s'), 'requests/s')),
      ...['p50_ms', 'p99_ms'].map((name) => cell(context, get(context, of(name), 'ms'), 1)),
      cell(context, get(context, of('cpu_us_per_request'), 'µs'), 1),
      cell(context, get(context, divide(of('requests_per_s'), closed(target)), 'share')),
    ];
  });
  const limited = [
    ...new Set(
      rows.filter((row) => row.client_limited === 'true').map((row) => labelOf(results, row.target ?? '')),
    ),
  ];
  const warning =
    limited.length === 0
      ? typst`Locust did not warn of its own CPU use.`
      : typst`Locust warned that its own CPU was the limit with: ${limited.join(', ')}.`;
  const advantage = get(
    context,
    divide(
      column(file, { target: OURS }, 'requests_per_s'),
      column(file, { target: 'tf-serving' }, 'requests_per_s'),
    ),
    '×',
  );
  return joined([
    table({
      caption: typst`Locust with the project’s own users (${first.users ?? ''} users, ${first.workers ?? ''} worker process(es)), as the chart runs them. Its percentiles are rounded by Locust itself.`,
      head: ['', 'requests/s', 'p50, ms', 'p99, ms', 'server CPU, µs', '÷ autocannon at 32'],
      lines,
      strong: targets.flatMap((target, index) => (target === OURS ? [index] : [])),
    }),
    typst`By Locust, Celsiusify answers ${say(context, advantage)} what TensorFlow Serving does. Where the last column is far below 100 %, the figure is about Locust, a Python program, rather than about the server: use it for how users behave, not for how fast a server is. ${warning}`,
  ]);
}
