import { setTimeout as sleep } from 'node:timers/promises';
import { numbersOf } from '../messages.ts';
import { type Bench, type Known, type Part, rounds, type Step, servers } from '../plan.ts';
import { type Protocol, protocolLoad, type Question } from '../protocol.ts';
import { row } from '../schema.ts';
import { Server } from '../server.ts';

const MODEL = 'mobilenet_v2';
/** One picture a request of several clients, and many pictures in one request of a single client. */
const LOADS = [
  { pictures: 1, clients: 8 },
  { pictures: 16, clients: 1 },
] as const;

/** Sixteen pictures as JSON are 21 MB. */
const LIMITS = { BODY_LIMIT_BYTES: String(64 << 20) };

/** A model whose inputs are large: what a protocol costs beside it. */
export const pictures: Part = {
  name: 'pictures',
  title: 'pictures by gRPC, by V2 with binary tensors, and as JSON',
  onlyWhenNamed: true,
  models: () => [MODEL],
  steps(known: Known): Step[] {
    const { settings } = known;
    return rounds(settings.repeats, servers(known)).map(({ repeat, item }) => {
      const protocols: readonly Protocol[] =
        item.target.kind === 'celsiusify' ? ['grpc', 'v2', 'rest'] : ['grpc'];
      const loads = LOADS.flatMap((load) =>
        protocols.flatMap((protocol) =>
          protocol === 'rest' && load.pictures === 1 ? [] : [{ ...load, protocol }],
        ),
      );
      return {
        id: `pictures/${repeat}/${item.target.id}`,
        seconds: 4 + settings.settle_s + loads.length * (settings.pictures_warmup_s + settings.pictures_s),
        run: (bench) => {
          const about = { part: 'pictures', model: MODEL, condition: `repeat=${repeat}` } as const;
          const use = async (server: Server) => {
            await sleep(settings.settle_s * 1000);
            for (const { protocol, pictures, clients } of loads) {
              const found = await protocolLoad(server, questionOf(bench, pictures), {
                ...{ protocol, connections: clients, streams: 1 },
                ...{ warmup_s: settings.pictures_warmup_s, load_s: settings.pictures_s },
              });
              server.rows.push(
                row('pictures', { target: item.target.id, protocol, pictures, clients, repeat, ...found }),
              );
            }
          };
          const env = item.target.kind === 'celsiusify' ? LIMITS : {};
          return Server.run(bench, item, about, use, { grpc: true, env });
        },
      };
    });
  },
};

const questions = new WeakMap<Bench, Map<number, Question>>();

/** So many pictures in one request, made once. */
function questionOf(bench: Bench, pictures: number): Question {
  const known = questions.get(bench) ?? new Map<number, Question>();
  questions.set(bench, known);
  const question = known.get(pictures) ?? makeQuestion(bench, pictures);
  known.set(pictures, question);
  return question;
}

function makeQuestion(bench: Bench, pictures: number): Question {
  const single = bench.examples(MODEL).filter(({ rows }) => rows === 1);
  const chosen = Array.from({ length: pictures }, (_, i) => single[i % single.length] ?? single[0]);
  const instances = chosen.map((example) => only(example?.body, 'instances'));
  const predictions = chosen.map((example) => only(example?.answer, 'predictions'));
  return {
    input: bench.inputOf(MODEL),
    numbers: numbersOf(instances),
    json: JSON.stringify({ instances }),
    answer: JSON.stringify({ predictions }),
  };
}

/** The one element of the list that a JSON object has under this key. */
function only(text: string | undefined, key: string): unknown {
  const body: unknown = JSON.parse(text ?? '{}');
  const list = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const [, value] = list.find(([name]) => name === key) ?? [];
  if (!Array.isArray(value) || value.length !== 1) throw new Error(`no single element under ${key}`);
  return value[0];
}
