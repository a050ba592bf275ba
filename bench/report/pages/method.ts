import { figure } from '../figures.ts';
import { closedLoop, OURS } from '../questions.ts';
import { code, joined, type Markup, typst } from '../typst.ts';
import { type Context, labelOf, list, shortened, table } from './context.ts';
import { limits } from './limits.ts';

/** How it was measured, what it cannot say, and how to measure it again. */
export function methodPage(context: Context): Markup {
  return typst`
= Method
${method(context)}
${servers(context)}
${modelServers(context)}
= Limits
${limits(context)}
${notMeasured(context)}
= Measure it yourself
${repeat(context)}
`;
}

function method(context: Context): Markup {
  const { results, ledger, client } = context;
  const { settings, payloads, model, tools, pinning } = results.environment;
  const example = figure(results, closedLoop(OURS, client, 32, 'requests_per_s'), 'requests/s');
  const repeats =
    typeof settings.repeats === 'number' ? `${settings.repeats} of them` : 'see environment.json';
  const coverage =
    example === undefined || example.n < 2
      ? typst``
      : typst` With the ${String(example.n)} values of the closed loop it holds the true median with a probability of ${ledger.derived(example.coverage, 'share', `1 − 2 × binomial tail of an order-statistic interval of ${example.n} values`)}.`;
  const payload = payloads[OURS];
  const pinned =
    pinning.server == null
      ? typst`Client and server share the cores${pinning.reason == null ? '' : `: ${pinning.reason}`}.`
      : typst`The servers are pinned to CPUs ${pinning.server}, the client to ${pinning.client ?? 'none'}.`;
  const versions = Object.entries(tools).flatMap(([name, version]) =>
    version === null ? [] : [`${name} ${version}`],
  );
  return list([
    typst`*Order.* Servers never run at the same time. In each repeat (${repeats}) all are measured one after another, forwards in odd repeats and backwards in even ones; each load begins with a warm-up that is thrown away.`,
    typst`*Intervals.* Every figure is a median over the repeats. Its interval is the narrowest pair of order statistics around it that covers 95 %, or all of the range where there are too few repeats for that; it assumes nothing of the distribution.${coverage} Ratios are made within a repeat first, then their median is taken. “Better” means that the interval of the ratio does not hold 1.`,
    typst`*Answers.* Every server is asked known questions before and after each load; a wrong answer voids it. autocannon, undici and Locust compare every answer under load, too${client === 'wrk' ? typst`; wrk does not` : typst``}. ${errors(context)}`,
    payload === undefined
      ? typst`*Payload.* See environment.json.`
      : typst`*Payload.* ${code(`${payload.method} ${payload.path} ${payload.body}`)}, answered ${code(payload.answer)}, on keep-alive connections; the same SavedModel everywhere, SHA-256 ${code(model.sha256.slice(0, 16))}….`,
    typst`*Cores.* ${pinned}`,
    typst`*Tools.* ${versions.join(', ')}.`,
  ]);
}

/** Errors are counted over all loads of all targets, and shown by target where there are any. */
function errors({ results, ledger }: Context): Markup {
  const files = [
    'closed-loop.csv',
    'open-loop.csv',
    'batch-rows.csv',
    'payload-scaling.csv',
    'large-tensor.csv',
    'locust.csv',
  ];
  let requests = 0;
  const byTarget = new Map<string, number>();
  for (const row of files.flatMap((file) => results.rows(file))) {
    requests += Number(row.requests);
    const target = row.target ?? '';
    byTarget.set(target, (byTarget.get(target) ?? 0) + Number(row.errors ?? row.failures ?? 0));
  }
  const total = ledger.derived(requests, 'requests', `sum of requests of ${files.join(', ')}`);
  const failed = [...byTarget].filter(([, count]) => count > 0);
  if (failed.length === 0) return typst`In ${total} requests there was no error and no time-out.`;
  const said = failed.map(
    ([target, count]) =>
      `${labelOf(results, target)} ${ledger.derived(count, 'count', `sum of errors and failures of ${files.join(', ')}, target=${target}`)}`,
  );
  return typst`In ${total} requests these errors and time-outs were counted: ${said.join(', ')}.`;
}

/** Settings that only say where a thing is, or that a slow answer is waited for. */
const WHEREABOUTS =
  /^-*(rest.api.)?(port|host|timeout.in.ms)\b|^(PORT|HOST|PYTHONPATH)=|model.(name|base.path)|MODEL_(NAME|PATH|BASE_PATH)|(app|working)-dir|\.[jt]s$|^app:/i;

/** Variables and flags that make a server another one. */
function settings(
  environment: Readonly<Record<string, string>> = {},
  flags: readonly string[] | null = null,
): Markup {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const telling = [...variables, ...(flags ?? [])].filter((setting) => !WHEREABOUTS.test(setting));
  return telling.length === 0 ? typst`#quiet[none]` : code(telling.join(' '));
}

/** How a digest begins. */
function startOf(digest: string | null | undefined): Markup | string {
  return digest == null ? '–' : code(digest.replace(/^sha256:/, '').slice(0, 12));
}

function servers({ results }: Context): Markup {
  const lines = results.environment.targets.map((target) => {
    const threads = target.threads == null ? '–' : String(target.threads);
    return [
      target.label,
      target.measured ? (target.version ?? '–') : 'not measured',
      typst`${target.how ?? '–'}${target.linkage == null ? '' : `, ${target.linkage}`}`,
      threads,
      startOf(target.digest),
      settings(target.environment, target.flags),
    ];
  });
  return table({
    caption: typst`Servers: version, how started and how TensorFlow is linked, threads when idle, the start of the digest (of image or program), and settings, without addresses and paths. The whole of it is in environment.json.`,
    columns: ['20%', '26%', 'auto', 'auto', 'auto', '1fr'],
    head: ['', 'version', 'how', 'threads', 'digest', 'settings'],
    lines,
    texts: [1, 2, 4, 5],
  });
}

/** The same of the servers that real models were asked of, whose settings are others. */
function modelServers({ results }: Context): Markup {
  // The floor is celsius' own, and Python without a server has no settings.
  const targets = (results.environment.model_targets ?? []).filter(
    ({ id }) => id !== 'floor' && id !== 'python',
  );
  if (targets.length === 0) return typst``;
  const lines = targets.map(({ label, version, digest, command, environment, notes }) => {
    const flags = (command ?? '').split(' ').filter((part) => part.startsWith('--'));
    return [
      label,
      version ?? '–',
      startOf(digest),
      typst`${settings(environment, flags)}${notes == null ? '' : ` (${notes})`}`,
    ];
  });
  return table({
    caption: typst`Servers of the real models, likewise.`,
    columns: ['25%', '27%', 'auto', '1fr'],
    head: ['', 'version', 'digest', 'settings'],
    lines,
    texts: [1, 2, 3],
  });
}

function notMeasured({ results }: Context): Markup {
  const rows = results.rows('not-measured.csv');
  if (rows.length === 0) return typst``;
  // One line for each reason, whatever times and numbers it holds: a server that is not there lacks in every question.
  const reasons = new Map<string, { readonly reason: string; readonly what: Set<string> }>();
  for (const row of rows) {
    const reason = row.reason ?? '';
    const key = reason.replace(/\d+/g, '');
    const entry = reasons.get(key) ?? { reason, what: new Set() };
    entry.what.add(
      [row.question, row.target && labelOf(results, row.target), row.condition].filter(Boolean).join(' '),
    );
    reasons.set(key, entry);
  }
  return typst`
== Not measured
${list([...reasons.values()].map(({ reason, what }) => typst`${summary([...what])}: ${shortened(reason)}`))}
`;
}

const SHOWN = 6;

function summary(what: readonly string[]): string {
  const more = what.length - SHOWN;
  return what.slice(0, SHOWN).join(', ') + (more > 0 ? ` and more, see not-measured.csv` : '');
}

function repeat({ results }: Context): Markup {
  const { command, commit, elapsed_s } = results.environment;
  const lines = [
    `git checkout ${commit.slice(0, 12)} && npm ci`,
    `${command}`,
    'npm run bench:report',
    'npm run bench -- compare results OTHER_RESULTS',
  ];
  const minutes = Math.round(elapsed_s / 60);
  return joined([
    code(lines.join('\n'), true),
    typst`

The run took ${String(minutes)} minutes. The third line makes this PDF, byte for byte, from the CSV files alone and measures nothing; figures.csv beside it names the rows behind every number printed here. The fourth compares two runs.
`,
  ]);
}
