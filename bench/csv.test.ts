import { readFileSync } from 'node:fs';
import t from 'tap';
import { formatCsv, parseCsv } from './csv.ts';
import { columns } from './schema.ts';

t.test('what is written is read again', async (t) => {
  const rows = [
    { name: 'plain', value: 1.5, note: 'a "quoted", word' },
    { name: '', value: 12345678901, note: 'two\nlines' },
    { name: 'none', value: null, note: null },
    { name: 'infinite', value: Number.NaN, note: true },
  ];
  const text = formatCsv(['name', 'value', 'note'], rows);
  t.match(text, /^name,value,note\nplain,1.5,"a ""quoted"", word"\n/);
  t.same(parseCsv(text), [
    { name: 'plain', value: '1.5', note: 'a "quoted", word' },
    { name: '', value: '12345678901', note: 'two\nlines' },
    { name: 'none', value: '', note: '' },
    { name: 'infinite', value: '', note: 'true' },
  ]);
});

t.test('six significant digits', async (t) => {
  t.equal(formatCsv(['x'], [{ x: 0.123456789 }]), 'x\n0.123457\n');
});

t.test('what is not CSV is refused', async (t) => {
  t.throws(() => parseCsv('a,b\n1\n'), /Invalid Record Length/);
  t.throws(() => parseCsv('a\n"open'), /Quote Not Closed/);
  t.same(parseCsv('a,b\n1,'), [{ a: '1', b: '' }]);
  t.same(parseCsv(''), []);
});

t.test('README.md names every column of every file', async (t) => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  for (const [file, names] of Object.entries(columns)) {
    const section = readme.split(/^### /m).find((part) => part.startsWith(`${file}.csv`));
    t.ok(section, `${file}.csv has a section`);
    if (file !== 'payload-scaling') t.match(section, `\`${names.join(',')}\``, file);
  }
  t.same(columns['payload-scaling'], columns['batch-rows']);
});
