/**
 * The floor: what node:http and JSON cost when nothing is computed. It reads the whole body, parses it, and answers with
 * constants in the shape and number that a model would: no model, no validation, no metrics.
 *
 *     PORT=8080 node floor-server.ts
 *     PORT=8080 GRPC_PORT=8500 node floor-server.ts    # gRPC, too
 */
import { createServer } from 'node:http';

/** As long as most °C are in float32's shortest form. */
const USUAL = -17.77778;

const answers = new Map<number, Buffer>();

function rowsOf(body: string): number {
  if (body === '') return 1; // a probe
  const question: unknown = JSON.parse(body);
  if (typeof question !== 'object' || question === null || !('instances' in question)) return 1;
  return Array.isArray(question.instances) ? question.instances.length : 1;
}

function answerOf(rows: number): Buffer {
  let answer = answers.get(rows);
  if (!answer) {
    answer = Buffer.from(JSON.stringify({ predictions: rows === 1 ? [100] : Array(rows).fill(USUAL) }));
    answers.set(rows, answer);
  }
  return answer;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    const answer = answerOf(rowsOf(body.toString()));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT), '127.0.0.1');

const { GRPC_PORT } = process.env;
if (GRPC_PORT !== undefined) {
  const { listen } = await import('./floor-grpc.ts'); // not read where it is not wanted: start and memory are figures, too
  listen(Number(GRPC_PORT));
}
