import t from 'tap';
import { judge } from './audit-report.ts';

const finding = (severity: string, ...via: unknown[]) => ({ severity, via });
const advisory = { title: 'Path traversal', url: 'https://example.com/1' };

const CASES = [
  { name: 'nothing', report: { vulnerabilities: {} }, failed: false, line: /nothing found/ },
  {
    name: 'a package that is installed only',
    report: { vulnerabilities: { tar: finding('high', advisory) } },
    failed: false,
    line: /^installed, never run: tar \(high\): Path traversal https:\/\/example\.com\/1$/,
  },
  {
    name: 'a bundled one',
    report: { vulnerabilities: { pino: finding('low', 'sonic-boom') } },
    failed: true,
    line: /^in the image: pino \(low\): through sonic-boom$/,
  },
  {
    name: 'no endpoint',
    report: { message: '405 Method Not Allowed' },
    failed: true,
    line: /no report: 405/,
  },
];

for (const { name, report, failed, line } of CASES) {
  t.test(name, async (t) => {
    const result = judge(JSON.stringify(report), new Set(['pino']));
    t.equal(result.failed, failed);
    t.match(result.lines.join('\n'), line);
  });
}

t.test('no JSON', async (t) => {
  t.match(judge('', new Set()), { failed: true, lines: [/gave no report/] });
});
