// node test/hardening/fuzz-codec.ts: the native codec under sanitizers, without TensorFlow and Node around it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { moreFlags } from '../../setup/compile.js';
import { createContext, run } from '../../setup/context.js';
import { unpackedIn } from '../../setup/wheel.js';

const help = `usage: node test/hardening/fuzz-codec.ts [--seed N] [--seconds N] [--threads N] [--sanitize LIST] [--portable]

Compiles the codec with sanitizers (address,undefined; or thread, with several threads) and sends it bodies, most of them
damaged, for some seconds (60); with --portable as it is compiled for processors that no line of it is written for. Fails on what a sanitizer finds, on tensors left behind, and on a tensor that, written
and read again, is another.
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    threads: { type: 'string', default: '1' },
    portable: { type: 'boolean', default: false },
    sanitize: { type: 'string', default: 'address,undefined' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) process.stdout.write(help);
else {
  const context = createContext();
  const codec = join(context.root, 'function', 'native', 'codec');
  const harness = join(import.meta.dirname, 'codec');
  const sources = [codec, harness].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.cc') && name !== 'glue.cc')
      .map((name) => join(folder, name)),
  );
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-codec-'));
  try {
    const program = join(folder, 'fuzz');
    await run(context, 'g++', [
      ...['-std=c++17', '-O1', '-g', '-pthread', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all'],
      ...[
        `-fsanitize=${values.sanitize}`,
        '-I',
        codec,
        '-I',
        join(context.root, unpackedIn(context), 'include'),
      ],
      ...(values.portable ? [] : moreFlags(context.arch, join(codec, 'read-number.cc'))),
      ...[...sources, '-o', program],
    ]);
    process.stdout.write(await run(context, program, [values.seed, values.seconds, values.threads]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
