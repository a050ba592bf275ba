import { Ledger } from './ledger.ts';
import { answerPage } from './pages/answer.ts';
import { clientsPage } from './pages/clients.ts';
import { clusterPage } from './pages/cluster.ts';
import type { Context } from './pages/context.ts';
import { costPage } from './pages/cost.ts';
import { curvesPage } from './pages/curves.ts';
import { glancePage } from './pages/glance.ts';
import { growthPage } from './pages/growth.ts';
import { methodPage } from './pages/method.ts';
import { modelsPage } from './pages/models.ts';
import { moreModelsPage } from './pages/more-models.ts';
import { pricePage } from './pages/price.ts';
import { promisesPage } from './pages/promises.ts';
import { scalingPage } from './pages/scaling.ts';
import { startPage } from './pages/start.ts';
import { tailPage } from './pages/tail.ts';
import { headlineClient } from './questions.ts';
import type { Results } from './results.ts';
import { code, joined, literal, type Markup, toPdf, typst } from './typst.ts';

/** All that a results folder becomes; nothing is written here. */
export interface Report {
  readonly pdf: Buffer;
  /** SVG text by path in the results folder. */
  readonly plots: ReadonlyMap<string, string>;
  /** figures.csv: every number printed, and where it is from. */
  readonly figures: string;
  readonly ledger: Ledger;
}

const PAGES: readonly ((context: Context) => Markup | Promise<Markup>)[] = [
  glancePage,
  modelsPage,
  moreModelsPage,
  growthPage,
  pricePage,
  answerPage,
  curvesPage,
  tailPage,
  startPage,
  costPage,
  scalingPage,
  clientsPage,
  clusterPage,
  methodPage,
  promisesPage,
];

export async function makeReport(results: Results): Promise<Report> {
  const context: Context = {
    results,
    ledger: new Ledger(),
    plots: new Map(),
    client: headlineClient(results),
  };
  const pages: Markup[] = [];
  for (const page of PAGES) pages.push(await page(context));
  const created = Math.floor(Date.parse(results.environment.finished) / 1000);
  const pdf = toPdf(frame(results, joined(pages, '\n')), context.plots, created);
  return { pdf, plots: context.plots, figures: context.ledger.toCsv(), ledger: context.ledger };
}

const BANNERS = {
  full: undefined,
  partial: 'PARTIAL RUN: only some of the questions were asked',
  quick: 'QUICK RUN: these figures only show that the benchmark works; do not quote them',
};

function frame({ environment, mode }: Results, body: Markup): Markup {
  const { machine, commit, dirty, finished } = environment;
  const day = finished.slice(0, 10);
  const [year = '', month = '', date = ''] = day.split('-').map(Number).map(String);
  const banner = BANNERS[mode];
  const source = typst`Celsiusify benchmark, ${day}, commit ${commit.slice(0, 12)}${dirty ? ' with changes' : ''}`;
  const memory = `${Math.round(machine.memory_bytes / 2 ** 30)} GiB`;
  return typst`#import "template.typ": *
#show: report.with(
  title: "Celsiusify against TensorFlow Serving and Python servers",
  subtitle: [Measured ${day} on ${machine.cpu}, ${String(machine.cores)} cores, ${memory}, ${machine.os}. Commit ${code(commit.slice(0, 12))}.],
  author: "The Celsiusify authors",
  banner: ${banner === undefined ? { markup: 'none' } : literal(banner)},
  source: [${source}],
  date: datetime(year: ${year}, month: ${month}, day: ${date}),
)
${body}
`;
}
