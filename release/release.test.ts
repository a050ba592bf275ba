import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bundleServer } from '../setup/bundle.js';
import { createContext } from '../setup/context.js';
import { bindingPackage, bundledPackages } from './bundled.ts';
import { changesOf } from './changelog.ts';
import { description } from './description.ts';
import { notice } from './notice.ts';
import { charts, image, index, page, sign } from './publish.ts';
import { sbom } from './sbom.ts';
import { disagreements, ROOT, read, version } from './versions.ts';

/** Licences that ask for no more than to be named. */
const PERMISSIVE = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD'];

t.test('two builds of the bundle are the same bytes, and hold no path of this machine', async (t) => {
  const builds = ['one', 'two'].map((name) => {
    const folder = t.testdir({}) && join(t.testdirName, name);
    mkdirSync(join(folder, 'cache'), { recursive: true });
    return { ...createContext({ say: () => {} }), dist: folder, cache: join(folder, 'cache') };
  });
  const hashes = [];
  for (const context of builds) {
    await bundleServer(context);
    const bytes = readFileSync(join(context.dist, 'main.js'));
    hashes.push(createHash('sha256').update(bytes).digest('hex'));
    t.notOk(bytes.includes(ROOT), 'no path');
  }
  t.equal(hashes[0], hashes[1]);
  t.comment(`SHA-256 ${hashes[0]}`);
});

t.test('NOTICE names what the image holds', async (t) => {
  t.ok(read('NOTICE') === (await notice()), 'up to date; else npm run release -- notice writes it');
  for (const { name, licence } of [...(await bundledPackages()), bindingPackage()]) {
    t.ok(PERMISSIVE.includes(licence), `${name}: ${licence}`);
  }
});

t.test('the SBOM has every package, and TensorFlow by the hash that is checked', async (t) => {
  const held = [...(await bundledPackages()), bindingPackage()];
  for (const arch of ['x64', 'arm64']) {
    const { components } = await sbom(arch);
    t.equal(components.length, held.length + 2, `${arch}: ${components.length} components`);
    const tensorflow = components.find(({ purl }) => purl?.startsWith('pkg:pypi/tensorflow'));
    t.match(tensorflow, { hashes: [{ alg: 'SHA-256', content: /^[0-9a-f]{64}$/ }] });
  }
});

t.test('one version everywhere, and the changelog has it', async (t) => {
  t.strictSame(disagreements(), []);
  t.match(changesOf(read('CHANGELOG.md'), version()), /### Added/);
  t.throws(() => changesOf(read('CHANGELOG.md'), '99.0.0'), /says nothing of 99\.0\.0/);
  t.equal(changesOf('# C\n## [2.0.0] - d\nb\n\n## [1.0.0] - d\na\n', '2.0.0'), 'b');
});

t.test('what is published, and how', async (t) => {
  const place = {
    ...{ version: '1.2.3', image: 'user/celsiusify', user: 'user', token: 'secret' },
    ...{ revision: 'abc', created: '2026-01-01T00:00:00Z' },
  };
  const digest = `sha256:${'a'.repeat(64)}`;
  const all = [
    image(place, 'arm64'),
    index(place),
    sign(place, [digest], 'x.json'),
    charts(place),
    page('1.2.3', 'notes', []),
  ];
  const lines = all.flat().map(({ argv }) => argv.join(' '));
  for (const line of lines) t.notMatch(line, /secret/, 'the token is no argument');
  const has = (pattern: RegExp) =>
    t.ok(
      lines.some((line) => pattern.test(line)),
      String(pattern),
    );
  has(
    /buildx build --platform linux\/arm64 --target celsiusify .*--provenance=mode=max --sbom=true .*:1\.2\.3-arm64,push=true/,
  );
  has(/--target celsius .*:1\.2\.3-celsius-arm64,push=true/);
  has(/imagetools create -t user\/celsiusify:1\.2\.3-celsius user\/celsiusify:1\.2\.3-celsius-amd64 /);
  has(
    /imagetools create -t user\/celsiusify:1\.2\.3 user\/celsiusify:1\.2\.3-amd64 user\/celsiusify:1\.2\.3-arm64/,
  );
  has(new RegExp(`cosign sign --yes --recursive user/celsiusify@${digest}`));
  has(/helm push .*celsius-1\.2\.3\.tgz oci:/);
  has(/gh release create v1\.2\.3 --verify-tag/);
  t.throws(() => sign(place, [digest, 'latest'], 'x'), /is no digest/);
  t.throws(() => image(place, 'riscv64'), /no image for riscv64/);
});

t.test('Docker Hub’s description', async (t) => {
  const text = description(read('README.md'));
  t.match(text, /^# Celsiusify\n/);
  t.match(text, /\ndocker run .*celsiusify\n/);
  t.notMatch(text, /<!--|\]\(#/, 'no marks for this project’s own scripts, no links into what is not there');
  t.throws(() => description('# C\n## Docker\n'), /no section Ask/);
  t.throws(
    () => description(`# C\n${'x'.repeat(25_000)}\n## Docker\n## Ask\n## Your own model\n`),
    /25\d+ bytes/,
  );
});

t.test('Python packages are pinned by hash', async (t) => {
  const files = [
    'model/requirements.txt',
    'locust/requirements.txt',
    'bench/targets/fastapi/requirements.txt',
    'release/zizmor-requirements.txt',
    'test/hardening/requirements.txt',
  ];
  for (const file of files) {
    const entries = read(file)
      .replace(/^\s*#.*$/gm, '')
      .replaceAll(/\\\n/g, ' ')
      .split('\n')
      .filter((line) => line.trim() !== '');
    t.ok(entries.length > 0, file);
    for (const entry of entries)
      t.match(entry, /^[\w.[\],-]+==[\w.+]+.*--hash=sha256:[0-9a-f]{64}/, `${file}: ${entry.slice(0, 40)}`);
  }
});
