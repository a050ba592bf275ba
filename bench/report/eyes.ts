// npm run bench:eyes: the report's plots as colour-blind people see them, and in black and white, to be looked at.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../function/errors.ts';
import { seen, VISIONS } from './plots/vision.ts';

const HELP = `Writes the plots as colour-blind people see them, and in black and white.

Usage: npm run bench:eyes -- [PLOTS] [--out DIR]

  PLOTS      folder of SVG files (default: results/plots)
  --out DIR  where to write, a folder for each vision (default: .cache/bench/eyes)
  --help     this text
`;

function run(args: string[]): void {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const folder = positionals[0] ?? 'results/plots';
  const out = values.out ?? '.cache/bench/eyes';
  const plots = readdirSync(folder).filter((file) => file.endsWith('.svg'));
  if (plots.length === 0) throw new Error(`${folder} has no plots: npm run bench:report makes them`);
  for (const [name, vision] of Object.entries(VISIONS)) {
    mkdirSync(join(out, name), { recursive: true });
    for (const file of plots)
      writeFileSync(join(out, name, file), seen(readFileSync(join(folder, file), 'utf8'), vision));
  }
  process.stdout.write(`${out}: ${plots.length} plots, each by ${Object.keys(VISIONS).join(', ')}\n`);
}

try {
  run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`eyes: ${messageOf(error)}; see npm run bench:eyes -- --help\n`);
  process.exitCode = 1;
}
