import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ask } from '../http.ts';
import { freePort, startCommand } from '../targets/start.ts';
import { floor } from './floor.ts';
import { call, predictionsIn } from './messages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

t.test('answers 100 °C by REST and by gRPC', async (t) => {
  const program = await floor.find({ root, against: null, tfServing: null, newest: null, env: {} });
  if (typeof program === 'string') return t.fail(program);
  const [port, grpcPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const command = program.command({ name: 'celsius', folder: '' }, port, grpcPort);
  const running = startCommand(command, origin, { cpus: null });
  t.teardown(() => running.stop());
  const path = '/tensorflow.serving.PredictionService/Predict';
  let message: Buffer | undefined;
  while (message === undefined && running.ended() === null)
    message = await call(`http://127.0.0.1:${grpcPort}`, path, Buffer.alloc(5)).catch(() => undefined);
  t.equal(running.ended(), null);
  const { shape, data } = predictionsIn(message ?? Buffer.alloc(0));
  t.same([...shape], [1]);
  t.ok(Buffer.isBuffer(data) && data.readFloatLE() === 100);
  const answer = await ask(`${origin}/v1/models/celsius:predict`, '{"instances":[212]}', 5000);
  t.equal(answer.body, '{"predictions":[100]}');
});
