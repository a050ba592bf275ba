import { column, divide, type Source } from '../figures.ts';
import { OURS } from '../questions.ts';
import { type Markup, typst } from '../typst.ts';
import { type Context, cell, get, labelOf, say, table, targetsIn, whyNot } from './context.ts';

const FILE = 'cross-check.csv';

/** The same question put by other clients: whoever doubts one may believe the other. */
export function clientsPage(context: Context): Markup {
  const { results } = context;
  const there = new Set(results.rows(FILE).map((row) => row.client ?? ''));
  const clients = ['autocannon', 'wrk', 'undici'].filter((client) => there.has(client));
  if (clients.length === 0) {
    return typst`
= celsius: other clients
${whyNot(context, 'cross-check')}
`;
  }
  const [first] = results.rows('locust.csv');
  const connections = results.rows(FILE)[0]?.connections ?? '';
  const users =
    first === undefined
      ? typst``
      : typst` Locust with the project’s own ${first.users ?? ''} users and worker processes: ${first.workers ?? ''}; it rounds its percentiles.`;
  return typst`
= celsius: other clients
${clientsTable(context, clients, typst`Requests/s over ${connections} connections by each client, and the others’ figure as a share of autocannon’s. A client that itself takes much CPU time leaves less for a server on the same cores, the more so the faster the server is.${users}`)}
${locust(context)}
`;
}

function clientsTable(context: Context, clients: readonly string[], caption: Markup): Markup {
  const { results } = context;
  const targets = targetsIn(results, FILE);
  const withLocust = results.rows('locust.csv').length > 0;
  const rate = (target: string, client: string): Source =>
    client === 'Locust'
      ? column('locust.csv', { target }, 'requests_per_s')
      : column(FILE, { target, client }, 'requests_per_s');
  const all = [...clients, ...(withLocust ? ['Locust'] : [])];
  const others = all.filter((client) => client !== 'autocannon');
  const lines = targets.map((target) => [
    labelOf(results, target),
    ...all.map((client) => cell(context, get(context, rate(target, client), 'requests/s'))),
    ...others.map((client) =>
      cell(context, get(context, divide(rate(target, client), rate(target, 'autocannon')), 'share')),
    ),
    ...(withLocust ? [cell(context, get(context, column('locust.csv', { target }, 'p99_ms'), 'ms'), 1)] : []),
  ]);
  return table({
    caption,
    head: [
      '',
      ...all,
      ...others.map((client) => `${client}, share`),
      ...(withLocust ? ['Locust p99, ms'] : []),
    ],
    lines,
    strong: targets.flatMap((target, index) => (target === OURS ? [index] : [])),
  });
}

/** What Locust's figures are good for, judged by how much of the server they show. */
function locust(context: Context): Markup {
  const { results } = context;
  const rows = results.rows('locust.csv');
  if (rows.length === 0) return typst`*Locust.* ${whyNot(context, 'locust')}`;
  const rate = (target: string) => column('locust.csv', { target }, 'requests_per_s');
  const limited = rows
    .filter((row) => row.client_limited === 'true')
    .map((row) => labelOf(results, row.target ?? ''));
  const warning =
    limited.length === 0
      ? typst`Locust did not warn of its own CPU use.`
      : typst`Locust warned that its own CPU was the limit with: ${[...new Set(limited)].join(', ')}.`;
  const found = get(context, divide(rate(OURS), rate('tf-serving')), '×');
  const compared =
    found === undefined
      ? typst``
      : typst`By Locust, Celsiusify answers ${say(context, found)} what TensorFlow Serving does. `;
  return typst`${compared}Where Locust’s share is far below 100 %, the figure is about Locust, a Python program, rather than about the server: use it for how users behave, not for how fast a server is. ${warning}`;
}
