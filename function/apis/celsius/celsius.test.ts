import t from 'tap';
import type { HttpRequest } from '../../http/message.ts';
import { ModelMeter } from '../../telemetry/model-meter.ts';
import {
  celsiusSignature,
  describedModel,
  testApp,
  testEngine,
  testModel,
  testRunner,
} from '../../testing/app.ts';
import { ask, type Case, ORIGIN } from '../../testing/requests.ts';

const celsius = await testModel(t);

const CASES: readonly Case[] = [
  {
    name: 'one number',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":212}',
    status: 200,
    answer: { celsius: 100 },
    sent: { 'content-type': 'application/json', 'x-model-version': '1' },
  },
  {
    name: 'a list',
    method: 'POST',
    path: '/celsius',
    body: '{"fahrenheit":[212,-40,32]}',
    status: 200,
    answer: { celsius: [100, -40, 0] },
  },
  {
    name: 'a refusal says the version, too',
    method: 'POST',
    path: '/celsius',
    body: '{}',
    status: 400,
    sent: { 'x-model-version': '1' },
  },
];

t.test('requests and their answers', (t) => ask(t, testApp(celsius), CASES));

t.test('a model that turns no fahrenheit into celsius has no /celsius', async (t) => {
  const { app } = testApp(describedModel({ ...celsiusSignature(), outputs: [] }));
  const reply = await app.fetch(
    new Request(`${ORIGIN}/celsius`, { method: 'POST', body: '{"fahrenheit":1}' }),
  );
  t.equal(reply.status, 404);
  t.match(await reply.json(), { error: /use \/v1\/models\/celsius:predict/ });
});

t.test('/celsius says which field was wrong', async (t) => {
  const { app } = testApp(celsius);
  for (const { body, error } of [
    { body: '', error: /body is empty/ },
    { body: '{"fahrenheit":', error: /not JSON/ },
    { body: '[]', error: /^the body: .*send \{"fahrenheit": 212\}/ },
    { body: '{}', error: /fahrenheit/ },
    { body: '{"fahrenheit":"212"}', error: /^fahrenheit: / },
    { body: '{"fahrenheit":null}', error: /^fahrenheit: / },
    { body: '{"fahrenheit":[]}', error: /^fahrenheit: .*1/ },
    { body: '{"fahrenheit":[1,"2"]}', error: /^fahrenheit\.1: / },
    { body: '{"fahrenheit":[[1]]}', error: /^fahrenheit\.0: / },
    { body: '{"fahrenheit":1e39}', error: /^fahrenheit.*float32/ },
    { body: '{"fahrenheit":1,"kelvin":1}', error: /./ },
    { body: '{"fahrenheit":1,"__proto__":{"x":1}}', error: /./ },
    { body: Buffer.from('{"fahrenheit":"\xff"}', 'latin1'), error: /not UTF-8/ },
  ]) {
    const init = { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) };
    const reply = await app.fetch(new Request(`${ORIGIN}/celsius`, init));
    const name = body.toString();
    t.equal(reply.status, 400, name);
    t.match(await reply.json(), { error }, name);
  }
});

t.test('a client that went away costs no run, and its request ends', async (t) => {
  const meter = new ModelMeter();
  const { app } = testApp(celsius, { runner: testRunner(celsius, { meter, place: 'loop' }) });
  const body = Buffer.from('{"fahrenheit":1}');
  const request: HttpRequest = {
    method: 'POST',
    url: '/celsius',
    header: () => undefined,
    body,
    gone: () => true,
  };
  t.equal((await app.handle(request)).status, 499);
  t.equal(meter.run.count, 0);
  t.equal(meter.drops.gone, 1);
  t.equal(testEngine().calls, 0);
  t.equal(app.inFlight, 0);
});
