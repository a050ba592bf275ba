import type { WireTensor } from '../../function/model/tensor-proto.ts';
import { checker } from '../clients/answer.ts';
import { type H2loadResult, runH2load } from '../loads/h2load.ts';
import {
  call,
  inferBody,
  inferenceIn,
  nestedOf,
  predictBody,
  predictionsIn,
  type Tensor,
} from './messages.ts';
import type { Server } from './server.ts';

export type Protocol = 'grpc' | 'v2' | 'rest';

/** What a model is asked, and what it should answer, as `:predict` has them. */
export interface Question {
  /** The model's input. */
  readonly input: string;
  readonly tensor: Tensor;
  /** JSON of the same request. */
  readonly json: string;
  readonly answer: string;
}

export interface ProtocolLoad {
  readonly protocol: Protocol;
  readonly connections: number;
  readonly streams: number;
  readonly warmup_s: number;
  readonly load_s: number;
  /** As h2load's job has it. */
  readonly steady: boolean;
}

/** A question on its way: where to, how, and what comes back. */
interface Way {
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** @returns the answer's bytes, and what they say as :predict would */
  ask(): Promise<{ bytes: number; said: string }>;
}

/** What the digits of one JSON answer may differ by, as a share of its bytes: sums in another order end otherwise. */
const DIGITS = 0.01;

const PREDICT = '/tensorflow.serving.PredictionService/Predict';

/** Puts a server under a load of one question, whose answer is compared before and after it. */
export async function protocolLoad(
  server: Server,
  question: Question,
  { protocol, connections, streams, warmup_s, load_s, steady }: ProtocolLoad,
): Promise<H2loadResult & { readonly body_bytes: number }> {
  const { bench, target } = server;
  if (bench.h2load === null) throw new Error('no h2load on PATH');
  const way = wayOf(server, question, protocol);
  const right = checker(question.answer, target.tolerance);
  const ask = async () => {
    const { bytes, said } = await way.ask();
    if (!right(said)) throw new Error(`wrong answer by ${protocol}: ${said.slice(0, 200)}`);
    return bytes;
  };
  const answerBytes = await ask();
  const found = await runH2load({
    ...{ url: way.url, headers: way.headers, body: way.body, answerBytes, http1: protocol !== 'grpc' },
    slack: protocol === 'rest' ? DIGITS : 0,
    ...{ connections, streams, warmup_s, load_s, steady },
    ...{ program: bench.h2load, signal: bench.signal, cpu_us: () => server.cpu_us() },
  });
  await ask();
  return { ...found, body_bytes: way.body.length };
}

function wayOf(server: Server, { input, tensor, json }: Question, protocol: Protocol): Way {
  const { model } = server.about;
  const { origin } = server.running;
  const said = (predictions: WireTensor) => JSON.stringify({ predictions: nestedOf(predictions) });
  if (protocol === 'grpc') {
    const grpc = `http://127.0.0.1:${server.grpcPort}`;
    const body = predictBody(model, input, tensor);
    return {
      ...{ url: `${grpc}${PREDICT}`, headers: ['content-type: application/grpc', 'te: trailers'], body },
      ask: async () => {
        const answer = await call(grpc, PREDICT, body);
        return { bytes: answer.length, said: said(predictionsIn(answer)) };
      },
    };
  }
  const path = protocol === 'v2' ? `/v2/models/${model}/infer` : server.path;
  const { body, headers } =
    protocol === 'v2'
      ? inferBody(input, tensor)
      : { body: Buffer.from(json), headers: ['content-type: application/json'] };
  const fields = Object.fromEntries(headers.map((header) => header.split(': ')));
  const url = origin + path;
  return {
    ...{ url, headers, body },
    ask: async () => {
      const answer = await fetch(url, { method: 'POST', headers: fields, body: Uint8Array.from(body) });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (!answer.ok) throw new Error(`status ${answer.status}: ${bytes.toString().slice(0, 200)}`);
      const text = protocol === 'v2' ? said(inferenceIn(bytes, answer.headers)) : bytes.toString();
      return { bytes: bytes.length, said: text };
    },
  };
}
