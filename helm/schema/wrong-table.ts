import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { WRONG } from '../wrong-values.ts';
import { HELM } from './files.ts';

/** Markdown: each wrong value and what Helm says to it. @throws Error where there is no helm, or where one is taken */
export function wrongTable(helm: string): string {
  const rows = WRONG.map(({ chart, values, says }, i) => {
    const set = values.flatMap((value) => ['--set', value]);
    const args = ['template', 'release', join(HELM, chart), '--kube-version', '1.34', ...set];
    const { error, stderr } = spawnSync(helm, args, { encoding: 'utf8' });
    if (error) throw error;
    if (!says.test(stderr)) throw new Error(`${chart} ${values.join(' ')}: ${stderr || 'is taken'}`);
    const given = values.map((value) => `\`${value}\``).join('<br>');
    return `| ${i + 1} | ${chart} | ${given.replaceAll('|', '\\|')} | ${said(stderr)} |`;
  });
  return `# Wrong values of the charts

What Helm says to them, in a test of its own for each (\`npm run test:charts\`); \`npm run docs:charts\` writes this table. A key that neither
the chart nor Kubernetes has is refused by name, as is a value that may not be, and what does not go together. Nothing has to be
fetched for that: the schemas of Kubernetes' own types are in the chart.

| | Chart | \`--set\` | Helm |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** Helm's message without what is the same in all of them. */
function said(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Error: values don't meet|celsius:|locust:|Use --debug)/.test(line))
    .map((line) => line.replace(/^Error: execution error at \(.*?\): /, ''));
  return lines.join('<br>').replaceAll('|', '\\|').replaceAll('<nil>', 'nil').slice(0, 600);
}
