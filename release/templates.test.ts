import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import t from 'tap';
import { ROOT, read } from './versions.ts';

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly value?: string };
  }[];
}

const FOLDER = '.github/ISSUE_TEMPLATE';
const TYPES = ['markdown', 'input', 'textarea', 'dropdown', 'checkboxes'];

/** What GitHub asks of a form, and what a maintainer needs of an issue. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  'bug.yml': ['version', 'where', 'request', 'answer', 'metadata', 'log'],
  'idea.yml': ['need', 'metadata'],
};

for (const [file, asked] of Object.entries(ASKED)) {
  t.test(file, async (t) => {
    const form: Form = loadYaml(read(`${FOLDER}/${file}`));
    t.ok(form.name && form.description);
    const ids = form.body.flatMap(({ id }) => id ?? []);
    t.equal(new Set(ids).size, ids.length, 'each ID once');
    t.strictSame(
      asked.filter((id) => !ids.includes(id)),
      [],
      'all is asked for',
    );
    for (const { type, attributes } of form.body) {
      t.ok(TYPES.includes(type), type);
      t.ok(type === 'markdown' ? attributes.value : attributes.label, 'says what is meant');
    }
  });
}

t.test('every form is looked at', async (t) => {
  t.strictSame(readdirSync(join(ROOT, FOLDER)).sort(), [...Object.keys(ASKED), 'config.yml'].sort());
});

t.test("the debugger's programs are there", async (t) => {
  const { configurations } = JSON.parse(read('.vscode/launch.json'));
  const files = configurations.map(({ program }: { program: string }) => program);
  t.match(files, [/^\$\{workspaceFolder\}\/function\/main\.ts$/, /^\$\{file\}$/]);
  t.ok(existsSync(join(ROOT, 'function/main.ts')));
});
