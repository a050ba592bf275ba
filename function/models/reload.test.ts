// What HandleReloadConfigRequest does, step by step as it was recorded from TensorFlow Serving 2.17.1, and where ours
// differs on purpose: a label waits for its version, and nothing that was refused is remembered.
import t from 'tap';
import { states, TestFolder, testCatalogue, until } from '../testing/models.ts';
import { readTextFormat } from './text-format.ts';

interface Step {
  /** The configs of the list, where DIR is the folder of all models; undefined: none is given. */
  readonly configs?: readonly string[];
  /** The code of the refusal. */
  readonly code?: string;
  readonly message?: RegExp;
  /** Model → its states once nothing is under way any more. */
  readonly after: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

const SHIFT = 'name: "shift" base_path: "DIR/shift" model_platform: "tensorflow"';
const BOTH = `${SHIFT} model_version_policy { specific { versions: 1 versions: 2 } }`;
const DOUBLE = 'name: "double" base_path: "DIR/double" model_platform: "tensorflow"';
const label = (name: string, version: number) => `version_labels { key: "${name}" value: ${version} }`;
const AT_FIRST = '2 AVAILABLE, 1 AVAILABLE';

const STORIES: Readonly<Record<string, readonly Step[]>> = {
  labels: [
    { configs: [BOTH, DOUBLE], after: { shift: AT_FIRST, double: '3 AVAILABLE' } },
    {
      configs: [`${BOTH} ${label('stable', 1)} ${label('canary', 2)}`, DOUBLE],
      after: { shift: AT_FIRST },
      labels: { stable: '1', canary: '2' },
    },
    {
      configs: [`${SHIFT} model_version_policy { specific { versions: 3 } } ${label('canary', 3)}`, DOUBLE],
      after: { shift: '3 AVAILABLE, 2 END, 1 END' },
      labels: { canary: '3' },
    },
    {
      configs: [`${BOTH} ${label('canary', 3)}`, DOUBLE],
      after: { shift: '3 END, 2 AVAILABLE, 1 AVAILABLE' },
      labels: { canary: 'NOT_FOUND', stable: 'INVALID_ARGUMENT' },
    },
    { configs: [BOTH], after: { shift: '3 END, 2 AVAILABLE, 1 AVAILABLE', double: '3 END' } },
    { configs: [`${BOTH} ${label('', 1)}`], after: {}, labels: { '': '1' } },
  ],
  invalid: [
    { code: 'INVALID_ARGUMENT', after: { shift: AT_FIRST } },
    {
      configs: [DOUBLE, DOUBLE],
      code: 'INVALID_ARGUMENT',
      message: /more than once/,
      after: { shift: AT_FIRST, double: '' },
    },
    {
      configs: [SHIFT.replace('DIR/', '')],
      code: 'INVALID_ARGUMENT',
      message: /no absolute path/,
      after: { shift: AT_FIRST },
    },
  ],
  'no name': [
    { configs: [SHIFT.replace('"shift"', '""')], after: { '': '3 AVAILABLE', shift: '2 END, 1 END' } },
    { configs: [BOTH], after: { '': '3 END', shift: AT_FIRST } },
  ],
  empty: [
    { configs: [], after: { shift: '2 END, 1 END' } },
    { configs: [BOTH], after: { shift: AT_FIRST } },
  ],
  'a missing folder blocks nothing': [
    {
      configs: [BOTH, 'name: "gone" base_path: "DIR/gone" model_platform: "tensorflow"'],
      code: 'UNKNOWN',
      message: /^1 model\(s\) did not become available: gone: no model folder at /,
      after: { shift: AT_FIRST, gone: '' },
    },
    { configs: [BOTH, DOUBLE], after: { shift: AT_FIRST, double: '3 AVAILABLE' } },
  ],
  broken: [
    {
      configs: [BOTH, 'name: "broken" base_path: "DIR/broken" model_platform: "tensorflow"'],
      code: 'UNKNOWN',
      message: /^1 model\(s\) did not become available: broken: .*is damaged$/,
      after: { shift: AT_FIRST, broken: '2 END DATA_LOSS' },
    },
    { configs: [BOTH, DOUBLE], after: { double: '3 AVAILABLE', broken: '2 END DATA_LOSS' } },
  ],
  'broken replaces': [
    { configs: [SHIFT.replace('DIR/shift', 'DIR/broken')], after: { shift: '2 AVAILABLE, 1 END' } },
  ],
  'a platform that is refused is not remembered': [
    {
      configs: [BOTH, DOUBLE.replace('"tensorflow"', '"nope"')],
      code: 'INVALID_ARGUMENT',
      after: { double: '' },
    },
    { configs: [BOTH, DOUBLE], after: { double: '3 AVAILABLE' } },
  ],
  policies: [
    { configs: [`${SHIFT} model_version_policy { all { } }`], after: { shift: `3 AVAILABLE, ${AT_FIRST}` } },
    {
      configs: [`${SHIFT} model_version_policy { latest { num_versions: 2 } }`],
      after: { shift: '3 AVAILABLE, 2 AVAILABLE, 1 END' },
    },
    {
      configs: [`${SHIFT} model_version_policy { latest { num_versions: 0 } }`],
      after: { shift: '3 AVAILABLE, 2 END, 1 END' },
    },
    {
      configs: [`${SHIFT} model_version_policy { specific { versions: 2 versions: 2 } }`],
      after: { shift: '3 END, 2 AVAILABLE, 1 END' },
    },
    {
      configs: [`${SHIFT} model_version_policy { specific { versions: 1 versions: 9 } }`],
      after: { shift: '3 END, 2 END, 1 AVAILABLE' },
    },
    { configs: [`${SHIFT} model_version_policy { specific { } }`], after: { shift: '3 END, 2 END, 1 END' } },
    { configs: [BOTH], after: { shift: '3 END, 2 AVAILABLE, 1 AVAILABLE' } },
    {
      configs: [`${SHIFT} model_version_policy { specific { versions: 9 } }`],
      after: { shift: '3 END, 2 END, 1 END' },
    },
  ],
  'a new base path': [
    {
      configs: [
        `${SHIFT.replace('DIR/shift', 'DIR/double')} model_version_policy { specific { versions: 1 } }`,
      ],
      after: { shift: '2 END, 1 AVAILABLE' },
    },
    { configs: [SHIFT.replace('DIR/shift', 'DIR/double')], after: { shift: '3 AVAILABLE, 2 END, 1 END' } },
    { configs: [SHIFT.replace('DIR/shift', 'DIR/gone')], after: { shift: '3 AVAILABLE, 2 END, 1 END' } },
  ],
};

for (const [name, steps] of Object.entries(STORIES)) {
  t.test(name, async (t) => {
    const folder = await TestFolder.make(t);
    for (const version of ['shift/1', 'shift/2', 'shift/3', 'double/1', 'double/3'])
      await folder.put(version);
    await folder.put('broken/2', 'broken');
    const { catalogue } = testCatalogue(t);
    const reload = (configs: readonly string[] | undefined) => {
      const list = configs
        ?.map((one) => `config { ${one} }`)
        .join(' ')
        .replaceAll('DIR', folder.path);
      return catalogue.reload(
        readTextFormat('ModelServerConfig', list === undefined ? '' : `model_config_list { ${list} }`),
      );
    };
    await reload([BOTH]);
    for (const [i, { configs, code, message, after, labels }] of steps.entries()) {
      if (code === undefined) await reload(configs);
      else await t.rejects(reload(configs), { code, ...(message && { message }) }, `step ${i}: ${code}`);
      for (const [model, wanted] of Object.entries(after)) {
        await until(() => !/START|LOADING|UNLOADING/.test(states(catalogue, model)));
        t.equal(states(catalogue, model), wanted, `step ${i}: ${model}`);
      }
      for (const [label, wanted] of Object.entries(labels ?? {})) {
        if (/^\d/.test(wanted))
          t.equal(catalogue.find('shift', { label }).version, wanted, `step ${i}: ${label}`);
        else t.throws(() => catalogue.find('shift', { label }), { code: wanted }, `step ${i}: ${label}`);
      }
    }
  });
}

t.test('a label goes on meaning the old version until the new one is there', async (t) => {
  const folder = await TestFolder.make(t);
  await folder.put('shift/1');
  const { catalogue } = testCatalogue(t);
  const configure = (version: string) =>
    catalogue.configure([
      folder.config('shift', {
        policy: { kind: 'specific', versions: [version] },
        labels: new Map([['stable', version]]),
      }),
    ]);
  configure('1');
  await catalogue.settled();
  const stable = () => catalogue.find('shift', { label: 'stable' }).version;
  configure('2');
  t.equal(stable(), '1', 'at once');
  await until(() => states(catalogue, 'shift') === '1 END');
  t.throws(stable, { code: 'NOT_FOUND', message: /^version 2 \(label "stable"\)/ }, 'version 2 is not there');
  await folder.put('shift/2');
  await until(() => states(catalogue, 'shift') === '2 AVAILABLE, 1 END');
  t.equal(stable(), '2');
});
