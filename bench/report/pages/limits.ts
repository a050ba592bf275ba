import { column, divide, type Figure, figure } from '../figures.ts';
import { loadOf, MODELS, modelFile, NEWEST, nameOf, OURS, valuesOf } from '../models.ts';
import { joined, type Markup, typst } from '../typst.ts';
import { type Context, get, labelOf, list, say } from './context.ts';

/** What the figures cannot say, and what is known of what they hold beside the servers. */
export function limits(context: Context): Markup {
  const { environment } = context.results;
  const serving = environment.targets.filter(({ id, measured }) => id.startsWith('tf-serving') && measured);
  const own = serving.find(({ how }) => how !== 'image');
  const items = [
    typst`*celsius is tiny:* one multiplication and one addition. Its figures are about the server around a model; the others’ are about models.`,
    typst`*Weights are random* (fixed seeds). What they answer means nothing; it is only compared with what Python’s TensorFlow answers.`,
    libraryAge(context),
    ...newestServing(context),
    typst`*One machine.* ${environment.machine.cpu}, ${String(environment.machine.cores)} cores${environment.machine.virtualized ? ', virtual and shared with others' : ''}. Figures differ elsewhere; the intervals show how much they did here.`,
    typst`*Loopback.* No network, no TLS and no proxy lie between client and server; each would add its own time to every answer.`,
  ];
  if (environment.machine.cores < 4) {
    items.push(
      typst`*Few cores.* Nothing here says how either server does on many cores, with a GPU, or with more than one instance.`,
    );
  }
  if (environment.pinning.server == null) {
    items.push(
      typst`*Client and server share cores.* What the client takes the server lacks, and the fastest server lacks it most.`,
    );
  }
  if (own !== undefined) {
    const linked = own.linkage === 'shared' ? ' and links TensorFlow’s libraries dynamically' : '';
    items.push(
      typst`*Not the official image.* The TensorFlow Serving measured here (${own.version ?? 'version unknown'}) was not started from the official image${linked}. The code that answers requests is the same; start-up and memory of the official, statically linked one may be better, and no ratio of these two is claimed for it.`,
    );
  }
  items.push(...acknowledgements(context));
  const fewer = fewerClients(context);
  items.push(
    typst`*Not asked:* gRPC and V2 by other numbers of clients than the tables show, ${fewer.length === 0 ? '' : `${fewer.join(' and ')} by as many as the other models, `}and models whose weights were trained.`,
  );
  if (serving.length === 0)
    items.push(
      typst`*TensorFlow Serving was not measured*, so nothing here says how Celsiusify compares with it.`,
    );
  return list(items);
}

const LIBRARY = 'controls/library.csv';

/** Of models, by their names. */
type Ratios = readonly { readonly name: string; readonly ratio: Figure }[];

interface Libraries {
  /** Versions of TensorFlow. */
  readonly old: string;
  readonly now: string;
  readonly ratios: Ratios;
}

/** CPU time of a run by the older TensorFlow over that by the newer one, by model; the versions are the file's. */
export function librariesCompared({ results }: Context): Libraries {
  const versions = [...new Set(results.rows(LIBRARY).map((row) => row.tensorflow ?? ''))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const [old, now] = [versions[0] ?? '', versions.at(-1) ?? ''];
  const at = (model: string, tensorflow: string) => column(LIBRARY, { model, tensorflow }, 'cpu_ms_per_run');
  const ratios = MODELS.flatMap(([model, name]) => {
    const ratio = figure(results, divide(at(model, old), at(model, now)), '×');
    return ratio === undefined ? [] : [{ name, ratio }];
  });
  return { old, now, ratios };
}

/** `encoder 1.20×, MobileNetV2 1.04×`, each with its interval where that is wanted. */
export function librariesText({ ledger }: Context, ratios: Ratios, interval: boolean): Markup {
  const said = ratios.map(
    ({ name, ratio }) =>
      typst`${name} *${ledger.sayApart(ratio, 1)}*${interval ? ` (${ledger.interval(ratio)})` : ''}`,
  );
  return joined(said, ', ');
}

function libraryAge(context: Context): Markup {
  const { old, now, ratios } = librariesCompared(context);
  if (ratios.length === 0)
    return typst`*TensorFlow differs.* Ours is the library of 2.21, TensorFlow Serving’s the one that it was built with: a part of a ratio may be the library’s age.`;
  return typst`*TensorFlow differs.* Ours is newer than TensorFlow Serving’s. By themselves (Python, one thread, the same frozen graph by turns; results\/controls\/library.csv) ${old} takes these times the CPU of ${now}: ${librariesText(context, ratios, true)}. So much of a lead may be the library’s.`;
}

/** Ours over the newest TensorFlow Serving's requests/s, by model; none where that was not measured. */
export function newestCompared({ results }: Context, clients: number): Ratios {
  return MODELS.flatMap(([model, name]) => {
    const of = loadOf(results, model, clients, 'requests_per_s');
    const ratio = figure(results, divide(of(OURS), of(NEWEST)), '×');
    return ratio === undefined ? [] : [{ name, ratio }];
  });
}

/** What is left of a lead where both servers run a TensorFlow of one age. */
function newestServing(context: Context): Markup[] {
  const [many, one] = [newestCompared(context, 8), newestCompared(context, 1)];
  if (many.length === 0) return [];
  const alone = one.length === 0 ? typst`` : typst`; of one client ${librariesText(context, one, false)}`;
  return [
    typst`*${labelOf(context.results, NEWEST)} beside it* (default flags; how it was built stands above). Celsiusify’s requests/s over its, 8 clients: ${librariesText(context, many, true)}${alone}. “Best setting” is of the other version everywhere.`,
  ];
}

/** Models that were asked by fewer numbers of clients than another one. */
function fewerClients({ results }: Context): string[] {
  const counts = MODELS.map(([model]) => {
    const where = { model, target: OURS };
    return { model, count: valuesOf(results, modelFile(results, 'load'), where, 'clients').length };
  }).filter(({ count }) => count > 0);
  const most = Math.max(0, ...counts.map(({ count }) => count));
  return counts.filter(({ count }) => count < most).map(({ model }) => nameOf(model));
}

const ACKS = 'controls/acks.csv';

/** Why answers of more than 16 KiB take TensorFlow Serving so long here. */
function acknowledgements(context: Context): Markup[] {
  const { results } = context;
  const at = (target: string, acks: string) =>
    get(context, column(ACKS, { target, rows: 4096, acks }, 'p50_ms'), 'ms');
  if (at('tf-serving', 'delayed') === undefined) return [];
  const both = (target: string) =>
    typst`${say(context, at(target, 'delayed'))} and ${say(context, at(target, 'at-once'))}`;
  const ours =
    results.rows(ACKS, { target: 'celsiusify-predict' }).length === 0
      ? typst``
      : typst` (Celsiusify: ${both('celsiusify-predict')})`;
  return [
    typst`*Answers of more than 16 KiB.* TensorFlow Serving sends them in pieces of 16 KiB with Nagle’s algorithm on, so that a piece waits for the acknowledgement of the one before, which a client’s Linux puts off for some 40 ms. One request of 4,096 rows takes it, with acknowledgements as Linux sends them and with all of them at once (TCP_QUICKACK; results\/controls\/acks.csv), ${both('tf-serving')}${ours}. Its figures for 4,096 rows are this wait more than its work; clients on Linux have it.`,
  ];
}
