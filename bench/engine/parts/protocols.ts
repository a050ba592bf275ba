import { dtypeOf, tensorOf } from '../messages.ts';
import { type Bench, type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { type Protocol, protocolLoad, type Question } from '../protocol.ts';
import { instancesIn, manyRows } from '../rows.ts';
import { row } from '../schema.ts';
import { type About, Server } from '../server.ts';
import type { ProtocolShape, Settings } from '../settings.ts';
import type { ServerTarget } from '../target.ts';

type Model = About['model'];

const TEMPERATURE: Question = {
  input: 'fahrenheit',
  tensor: tensorOf([212]),
  json: '{"instances":[212]}',
  answer: '{"predictions":[100]}',
};

/** What each kind of server speaks. */
const SPOKEN: Readonly<Record<ServerTarget['kind'], readonly Protocol[]>> = {
  celsiusify: ['grpc', 'v2', 'rest'],
  'tf-serving': ['grpc', 'rest'],
  floor: ['grpc', 'rest'],
  'python-server': ['rest'],
};

/** Sixteen pictures as JSON are 21 MB. */
const LIMITS = { BODY_LIMIT_BYTES: String(64 << 20) };

/** What a protocol costs beside a model: celsius, whose run is short, and models whose inputs are long. */
export const protocols: Part = {
  name: 'protocols',
  title: 'gRPC, V2 with binary tensors, and JSON',
  onlyWhenNamed: true,
  models: (chosen) => chosen,
  steps(known: Known): Step[] {
    const { settings } = known;
    return (['celsius', ...known.models] as const).flatMap((model) =>
      rounds(settings.protocol_repeats, serving(known, model)).map(({ repeat, item }) => {
        const loads = loadsOf(settings, model, item.target);
        const longer = model === 'celsius' ? undefined : settings.longer[model];
        const times = timesOf(settings, longer);
        return {
          id: `protocols/${model}/${repeat}/${item.target.id}`,
          seconds: 2.5 + settings.settle_s + loads.length * (times.warmup_s + times.load_s),
          run: (bench) => {
            const about = { part: 'protocols', model, condition: `repeat=${repeat}` } as const;
            const use = async (server: Server) => {
              await server.quiet();
              for (const { protocol, rows, connections, streams } of loads) {
                const found = await protocolLoad(server, questionOf(bench, model, rows), {
                  ...{ protocol, connections, streams },
                  ...times,
                  steady: longer !== undefined,
                });
                const at = { model, target: item.target.id, protocol, rows, connections, streams, repeat };
                server.rows.push(row('protocols', { ...at, ...found }));
              }
            };
            const env = item.target.kind === 'celsiusify' ? LIMITS : {};
            return Server.run(bench, item, about, use, { grpc: true, env });
          },
        };
      }),
    );
  },
};

/** The floor knows no other model than celsius. */
function serving(known: Known, model: Model) {
  return servers(known).filter(
    ({ target }) =>
      (target.kind !== 'floor' || model === 'celsius') && loadsOf(known.settings, model, target).length > 0,
  );
}

/** A model whose loads are longer elsewhere has longer ones here. */
function timesOf(settings: Settings, longer = 1): { warmup_s: number; load_s: number } {
  return { warmup_s: settings.protocol_warmup_s * longer, load_s: settings.protocol_s * longer };
}

/** Asked many rows alone: it runs a request's rows in parts on idle threads, which the default does not. */
const OF_MANY_ROWS = 'celsiusify-batching';

/** Only gRPC has several requests on one connection. */
function loadsOf(
  { protocol_loads }: Settings,
  model: Model,
  { id, kind }: ServerTarget,
): (ProtocolShape & { protocol: Protocol })[] {
  const shapes = protocol_loads[model === 'celsius' || model === 'mobilenet_v2' ? model : 'others'];
  const asked = id === OF_MANY_ROWS ? shapes.filter(({ rows }) => rows > 1) : shapes;
  return asked.flatMap((shape) =>
    SPOKEN[kind].flatMap((protocol) =>
      protocol === 'grpc' || shape.streams === 1 ? [{ ...shape, protocol }] : [],
    ),
  );
}

const questions = new WeakMap<Bench, Map<string, Question>>();

/** So many rows in one request, made once. */
function questionOf(bench: Bench, model: Model, rows: number): Question {
  if (model === 'celsius') return TEMPERATURE;
  const known = questions.get(bench) ?? new Map<string, Question>();
  questions.set(bench, known);
  const key = `${model} ${rows}`;
  const question = known.get(key) ?? makeQuestion(bench, model, rows);
  known.set(key, question);
  return question;
}

function makeQuestion(bench: Bench, model: Exclude<Model, 'celsius'>, rows: number): Question {
  const { body, answer } = manyRows(bench.examples(model), rows);
  const { name, dtype } = bench.inputOf(model);
  return { input: name, tensor: tensorOf(instancesIn(body), dtypeOf(dtype)), json: body, answer };
}
