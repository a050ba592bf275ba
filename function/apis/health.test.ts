import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { ask, type Case, ORIGIN } from '../testing/requests.ts';

const celsius = await testModel(t);

const CASES: readonly Case[] = [
  { name: 'alive', path: '/healthz', status: 200, answer: { status: 'ok' } },
  { name: 'ready', path: '/readyz', status: 200, answer: { status: 'ready' } },
  { name: 'HEAD has no body', method: 'HEAD', path: '/readyz', status: 200 },
];

t.test('requests and their answers', (t) => ask(t, testApp(celsius), CASES));

t.test('while starting and draining', async (t) => {
  for (const phase of ['starting', 'draining'] as const) {
    const { app } = testApp(celsius, { phase: () => phase });
    const ready = await app.fetch(new Request(`${ORIGIN}/readyz`));
    t.equal(ready.status, 503, `${phase}: not ready`);
    t.match(await ready.json(), { status: phase });
    t.equal((await app.fetch(new Request(`${ORIGIN}/healthz`))).status, 200, `${phase}: alive`);
  }
});
