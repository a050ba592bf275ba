import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { ask, type Case, ORIGIN } from '../testing/requests.ts';
import type { Phase } from './deps.ts';

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

t.test('why it is not ready', async (t) => {
  let phase: Phase = 'starting';
  const whyNotReady = () => Array.from({ length: 12 }, (_, i) => `model m${i}: no folder`);
  const { app } = testApp(celsius, { phase: () => phase, whyNotReady });
  const readiness = async () => (await app.fetch(new Request(`${ORIGIN}/readyz`))).json();
  t.same((await readiness()).reasons, whyNotReady().slice(0, 10), 'the first ten');
  for (phase of ['ready', 'draining'] as const) t.equal((await readiness()).reasons, undefined, phase);
});
