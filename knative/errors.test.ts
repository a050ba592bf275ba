import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { fakeCluster, type Reply, status } from './fake-cluster.ts';
import { workspace } from './fixtures.ts';

const knativeList = '/apis/serving.knative.dev/v1';

/** [what the API server does, its answer by path, the one line that says so] */
const refusals: readonly [string, (path: string) => Reply | undefined, RegExp][] = [
  [
    'has no Knative',
    (path) => (path === knativeList ? { status: 404, body: '404 page not found\n' } : undefined),
    /^knative: no Knative Serving in the cluster at http:\S+ .*knative\.dev\/docs\/install/,
  ],
  [
    'gives no rights',
    (path) =>
      path.endsWith('/services/celsius')
        ? status(
            403,
            'services.serving.knative.dev "celsius" is forbidden: User "someone" cannot get resource',
          )
        : undefined,
    /^knative: no rights for this at \S+: .*User "someone" cannot get resource: ask for a Role/,
  ],
  [
    'does not know the user',
    () => status(401, 'Unauthorized'),
    /^knative: the cluster at \S+ does not accept .*log in again/,
  ],
  [
    'has no such Service',
    () => undefined,
    /^knative: no Knative Service celsius in namespace space .*-- deploy/,
  ],
  [
    'has no such namespace',
    (path) => (path.endsWith('/celsius') ? status(404, 'namespaces "space" not found') : undefined),
    /^knative: no namespace space in .*kubectl create namespace space/,
  ],
  [
    'is broken',
    (path) => (path.endsWith('/celsius') ? status(500, 'etcdserver: request timed out') : undefined),
    /^knative: the API server at \S+ refuses this \(500\): etcdserver: request timed out/,
  ],
  [
    'answers with something else',
    (path) =>
      path.endsWith('/celsius') ? { status: 200, body: { apiVersion: 'v1', kind: 'Pod' } } : undefined,
    /^knative: the API server's answer is not a serving\.knative\.dev\/v1 object/,
  ],
];

for (const [what, answer, line] of refusals) {
  t.test(`an API server that ${what}`, async (t) => {
    const cluster = await fakeCluster({ answer: ({ path }) => answer(path) });
    const space = workspace(cluster.url);
    t.teardown(async () => {
      space.remove();
      await cluster.close();
    });
    const { code, out, err } = await space.run(['status']);
    t.match({ code, out, err }, { code: 1, out: '', err: line });
    t.equal(err.trimEnd().split('\n').length, 1, 'one line');
  });
}

t.test('deploy refused by an admission webhook, or a field owned by another', async (t) => {
  const rows: readonly [number, string, RegExp][] = [
    [
      400,
      'admission webhook "validation.webhook.serving.knative.dev" denied: expected 0 <= -1',
      /refuses this \(400\).*expected 0/,
    ],
    [409, 'Apply failed with 1 conflict: conflict with "kubectl"', /conflict with "kubectl": --force takes/],
  ];
  for (const [code, message, line] of rows) {
    const cluster = await fakeCluster({
      answer: ({ method }) => (method === 'PATCH' ? status(code, message) : undefined),
    });
    const space = workspace(cluster.url);
    t.match(await space.run(['deploy', '--image', 'dev.local/celsius:1']), { code: 1, err: line });
    space.remove();
    await cluster.close();
  }
});

t.test('no cluster, no kubeconfig, a bad one', async (t) => {
  const cluster = await fakeCluster();
  const space = workspace(cluster.url);
  await cluster.close();
  t.teardown(space.remove);
  const bad = join(space.folder, 'bad');
  writeFileSync(bad, '{');
  const empty = join(space.folder, 'empty');
  writeFileSync(empty, 'kind: Config\n');
  const nameless = join(space.folder, 'nameless');
  writeFileSync(nameless, 'clusters: [{cluster: {server: "http://127.0.0.1:1"}}]\n');
  const rows: readonly [string[], RegExp][] = [
    [
      [],
      /^knative: no cluster answers at http:\S+ \(ECONNREFUSED\): start it, or choose another by --kubeconfig/,
    ],
    [['--kubeconfig', '/nowhere'], /^knative: kubeconfig \/nowhere cannot be used: there is no such file/],
    [['--kubeconfig', bad], /^knative: kubeconfig \S+bad cannot be used: /],
    [['--kubeconfig', empty], /^knative: kubeconfig \S+empty names no cluster as its current context/],
    [
      ['--kubeconfig', nameless],
      /^knative: kubeconfig \S+nameless cannot be used: clusters\[0\]\.name is missing/,
    ],
    [['--context', 'there'], /^knative: no context there in kubeconfig \S+: it has here/],
  ];
  for (const [args, line] of rows) {
    const { code, out, err } = await space.run(['status', ...args]);
    t.match({ code, out, err }, { code: 1, out: '', err: line }, args.join(' ') || 'refused');
    t.equal(err.trimEnd().split('\n').length, 1, 'one line');
  }
});

t.test('bad usage is exit code 2, before anything is sent', async (t) => {
  const space = workspace('http://127.0.0.1:1');
  t.teardown(space.remove);
  const rows: readonly [string, RegExp][] = [
    ['', /no command: want deploy, status, invoke, measure, traffic, remove/],
    ['fly', /no command fly/],
    ['status --what', /Unknown option '--what'/],
    ['status --name', /argument missing/],
    ['status --output yaml', /--output "yaml": want text or json/],
    ['deploy', /needs --image/],
    ['deploy --image a --port 70000', /--port "70000": want a number, 1 to 65535/],
    ['deploy --image a --min-scale 1.5', /--min-scale "1\.5": want a whole number/],
    ['deploy --image a --env FOO', /--env "FOO": want NAME=VALUE/],
    ['deploy --image a --timeout soon', /--timeout "soon": want a number, 1 or more/],
    ['invoke warm', /"warm" is no number/],
    ['invoke --ingress localhost:80', /--ingress "localhost:80": want a URL/],
    ['measure --count 0', /--count "0": want a number, 1 to 1000/],
    ['traffic', /needs --split/],
    ['traffic --split a=60 --split b=60', /add up to 120 %/],
    ['traffic --split a', /--split "a": want REVISION=/],
  ];
  for (const [line, message] of rows) {
    const { code, out, err } = await space.run(line.split(' ').filter(Boolean));
    t.match({ code, out, err }, { code: 2, out: '', err: message }, line);
    t.match(err, /--help`\)\n$/, 'points to the help');
  }
});

t.test('--help', async (t) => {
  const space = workspace('http://127.0.0.1:1');
  t.teardown(space.remove);
  t.match(await space.run(['--help']), { code: 0, out: /measure {2}scale to zero/, err: '' });
  t.match(await space.run(['measure', '--help']), { code: 0, out: /--count N +cold starts \(10\)/, err: '' });
});
