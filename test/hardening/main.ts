// npm run test:hardening: what an unfriendly world may do to the server, one row of a table each.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bodyTests } from './bodies.ts';
import type { HardeningTest } from './case.ts';
import { connectionTests } from './connections.ts';
import { floodTests } from './http2-floods.ts';
import { peerTests } from './http2-peers.ts';
import { leakTests } from './leaks.ts';
import { lifeTests } from './life.ts';
import { memoryTests } from './memory.ts';
import { modelTests } from './models.ts';
import { runTests } from './runs.ts';
import { switchTests } from './switches.ts';
import { wireTests } from './wire.ts';

const help = `usage: npm run test:hardening -- [--only TEXT] [--write]

Runs each hardening test against a server of its own on 127.0.0.1 and prints a table: what was sent, what came back,
the server's peak memory. Exit code 1 where one failed. --only runs those whose name has TEXT in it; --write puts the
table into test/hardening/README.md.
`;

const TESTS: HardeningTest[] = [
  ...connectionTests,
  ...wireTests,
  ...bodyTests,
  ...floodTests,
  ...peerTests,
  ...runTests,
  ...modelTests,
  ...switchTests,
  ...memoryTests,
  ...lifeTests,
  ...leakTests,
];
const HEAD =
  '| test | what was sent | what came back | peak RSS | seconds |\n| --- | --- | --- | --- | --- |\n';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  process.stdout.write(HEAD);
  let table = HEAD;
  let failed = 0;
  for (const test of TESTS.filter(({ name }) => name.includes(values.only))) {
    const started = performance.now();
    let row: string;
    try {
      const { sent, came, peak } = await test.run();
      row = `${sent} | ${came} | ${peak === undefined ? '–' : `${Math.round(peak / 2 ** 20)} MiB`}`;
    } catch (error) {
      failed++;
      row = `– | **failed**: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : error} | –`;
    }
    const line = `| ${test.name} | ${row} | ${((performance.now() - started) / 1000).toFixed(1)} |\n`;
    process.stdout.write(line);
    table += line;
  }
  if (values.write) writeFileSync(join(import.meta.dirname, 'README.md'), readme(table));
  process.stdout.write(`\n${failed === 0 ? 'all passed' : `${failed} failed`}\n`);
  return failed === 0 ? 0 : 1;
}

const readme = (table: string) => `# Hardening

\`npm run test:hardening\` does to a server on 127.0.0.1 what an unfriendly world may do to it; each test fails where the
server crashes, answers with a 5xx that is not meant, or does not answer rightly afterwards. \`-- --write\` writes this
file. \`npm run test:fuzz -- --seed N --requests N\` sends fuzzed requests to servers of all fixture models.

Measured on ${cpus().length} cores of ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; other work ran on them, so
seconds say little.

${table}`;

process.exitCode = await main();
