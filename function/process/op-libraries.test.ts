import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { testEngine } from '../testing/app.ts';
import { TestFolder } from '../testing/models.ts';
import { loadOpLibraries } from './op-libraries.ts';

t.test('files and folders of libraries, in their order', async (t) => {
  const folder = await TestFolder.make(t);
  for (const file of ['ops/_b.so', 'ops/_a.so', 'ops/_c.so.2', 'ops/a.py', 'ops/deeper/_d.so', 'one/_e.so'])
    await folder.write(file, '');
  const loaded: string[] = [];
  const native = {
    loadOpLibrary: async (file: string) => {
      loaded.push(file);
    },
  };
  const files = await loadOpLibraries(native, ['ops', join(folder.path, 'one/_e.so')], folder.path);
  t.same(
    files,
    ['ops/_a.so', 'ops/_b.so', 'ops/_c.so.2', 'one/_e.so'].map((file) => join(folder.path, file)),
  );
  t.same(loaded, files);
});

t.test('what is no library ends the start with its name', async (t) => {
  const folder = await TestFolder.make(t);
  await mkdir(join(folder.path, 'empty'));
  await writeFile(join(folder.path, 'text.so'), 'no library');
  for (const { path, message } of [
    { path: 'text.so', message: /^OP_LIBRARIES: \S+text\.so is no library of operations .*(?:header|short)/ },
    { path: 'empty', message: /^OP_LIBRARIES: \S+empty holds no shared library/ },
    { path: 'absent', message: /^OP_LIBRARIES: ENOENT.*absent/ },
  ]) {
    await t.rejects(
      loadOpLibraries(testEngine(), [path], folder.path),
      { name: 'FatalError', message },
      path,
    );
  }
});
