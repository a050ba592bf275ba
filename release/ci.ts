// npm run ci -- STEP: what only the workflows call.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const HELP = `Usage: npm run ci -- STEP

  workflows                actionlint and zizmor over .github/
  audit                    known weaknesses of the packages; fails for those in what the image holds
  summary COMMAND          runs a command, and shows what it prints in the job's summary, too
  program IMAGE PATH FILE  copies a program out of an image, by docker
`;

const STEPS = new Map([
  ['workflows', 'lint-workflows.ts'],
  ['audit', 'audit.ts'],
  ['summary', 'summary.ts'],
  ['program', 'program.ts'],
]);

const [step = '', ...args] = process.argv.slice(2);
const file = STEPS.get(step);
if (file === undefined) {
  (step === '--help' ? process.stdout : process.stderr).write(HELP);
  process.exitCode = step === '--help' ? 0 : 2;
} else {
  const program = join(import.meta.dirname, file);
  process.exitCode = spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' }).status ?? 1;
}
