import process from 'node:process';
import { run } from './cli.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(text),
  tty: process.stderr.isTTY && !process.env.NO_COLOR,
  signal: interrupted.signal,
});
