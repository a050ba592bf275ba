// npm run ci -- summary COMMAND [ARGS…]: runs a command, and shows what it prints in the summary of a GitHub job as well, if this is one.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const [command, ...args] = process.argv.slice(2);
if (command === undefined || command === '--help') {
  process.stdout.write(
    'Usage: npm run ci -- summary COMMAND [ARGS…]\n\nShows what the command prints in the job summary (GITHUB_STEP_SUMMARY), too.\n',
  );
  process.exitCode = command === undefined ? 2 : 0;
} else {
  const { stdout, stderr, status, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const said = error === undefined ? `${stdout}${stderr}` : `${command}: ${error.message}\n`;
  process.stdout.write(said);
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file)
    appendFileSync(file, `\`\`\`text\n$ ${[command, ...args].join(' ')}\n${said.trimEnd()}\n\`\`\`\n`);
  process.exitCode = status ?? 1;
}
