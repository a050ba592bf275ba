import t from 'tap';
import { testApp, testModel } from '../testing/app.ts';
import { requestOf } from '../testing/requests.ts';

const celsius = await testModel(t);

const ALLOW = 'access-control-allow-origin';
const EXPOSE = 'access-control-expose-headers';
const APP = 'https://app.example.com';

const asked = { path: '/celsius', method: 'POST', body: '{"fahrenheit":212}' };

t.test('answers to pages of other origins', async (t) => {
  for (const { corsOrigins, origin, allow, vary = null } of [
    { corsOrigins: [], origin: APP, allow: null },
    { corsOrigins: [APP], origin: APP, allow: APP, vary: 'origin' },
    { corsOrigins: [APP], origin: 'HTTPS://app.example.com', allow: APP, vary: 'origin' },
    { corsOrigins: ['http://a', APP], origin: APP, allow: APP, vary: 'origin' },
    { corsOrigins: [APP], origin: 'https://example.com', allow: null, vary: 'origin' },
    { corsOrigins: [APP], origin: undefined, allow: null, vary: 'origin' },
    { corsOrigins: ['*'], origin: APP, allow: '*' },
    { corsOrigins: ['*'], origin: undefined, allow: '*' },
  ]) {
    const { app } = testApp(celsius, { corsOrigins });
    for (const { body, status } of [
      { body: asked.body, status: 200 },
      { body: '{', status: 400 },
    ]) {
      const headers: Record<string, string> = origin === undefined ? {} : { origin };
      const answer = await app.fetch(requestOf({ ...asked, body, headers }));
      const name = `${corsOrigins} asked by ${origin}: ${status}`;
      t.equal(answer.status, status, name);
      t.equal(answer.headers.get(ALLOW), allow, name);
      t.equal(answer.headers.get('vary'), vary, name);
      const exposed = answer.headers.get(EXPOSE)?.split(', ') ?? [];
      for (const header of ['x-run-id', 'x-model-version']) {
        t.equal(exposed.includes(header), allow !== null, `${name}: ${header}`);
        t.ok(answer.headers.has(header), `${name}: ${header}`);
      }
    }
  }
});

t.test('preflights', async (t) => {
  const ask = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,x-a',
  };
  for (const path of ['/celsius', '/v1/models/celsius:predict', '/nowhere']) {
    const { app } = testApp(celsius, { corsOrigins: [APP] });
    const allowed = await app.fetch(requestOf({ path, method: 'OPTIONS', headers: { origin: APP, ...ask } }));
    t.equal(allowed.status, 200, path);
    t.equal(await allowed.text(), '');
    t.equal(allowed.headers.get(ALLOW), APP);
    t.equal(allowed.headers.get('access-control-allow-methods'), 'GET, POST');
    t.equal(allowed.headers.get('access-control-allow-headers'), 'content-type,x-a');
    t.match(allowed.headers.get('access-control-max-age'), /^\d+$/);
    const other = await app.fetch(
      requestOf({ path, method: 'OPTIONS', headers: { origin: 'http://b', ...ask } }),
    );
    t.equal(other.status, 403, path);
    t.match(await other.json(), { error: /http:\/\/b .*CORS_ORIGINS/ });
    t.equal(other.headers.get(ALLOW), null);
  }
  const { app } = testApp(celsius, { corsOrigins: ['*'] });
  const bare = { origin: APP, 'access-control-request-method': 'POST' };
  const any = await app.fetch(requestOf({ path: '/celsius', method: 'OPTIONS', headers: bare }));
  t.equal(any.status, 200);
  t.equal(any.headers.get(ALLOW), '*');
  t.equal(any.headers.get('access-control-allow-headers'), null);
  for (const headers of [{ origin: APP }, { 'access-control-request-method': 'POST' }]) {
    const none = await app.fetch(requestOf({ path: '/celsius', method: 'OPTIONS', headers }));
    t.equal(none.status, 405, 'OPTIONS that is no preflight');
  }
  const off = await testApp(celsius).app.fetch(
    requestOf({ path: '/celsius', method: 'OPTIONS', headers: bare }),
  );
  t.equal(off.status, 405, 'off by default');
});
