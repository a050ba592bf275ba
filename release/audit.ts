// npm run ci -- audit: asks the registry for known weaknesses, and fails for those in what the image holds.
import { spawnSync } from 'node:child_process';
import { judge } from './audit-report.ts';
import { bundledPackages } from './bundled.ts';
import { ROOT } from './versions.ts';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
});
const held = new Set((await bundledPackages()).map(({ name }) => name));
const { lines, failed } = judge(stdout, held);
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = failed ? 1 : 0;
