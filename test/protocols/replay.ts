// Sends recorded calls to a server, and compares its answers field by field.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { differenceOf, type Recording, sendRecording } from './recordings.ts';

const help = `usage: node test/protocols/replay.ts --file grpc.jsonl [--target HOST:PORT] [--setup NAME] [--ids]

Replays the calls of one setup, in their order, on a server that serves the recordings' models, started afresh for it.
--ids names the calls that were answered as recorded, too.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      target: { type: 'string', default: 'localhost:8500' },
      setup: { type: 'string', default: 'main' },
      ids: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || values.file === undefined) {
    process.stdout.write(help);
    return values.help ? 0 : 2;
  }
  const recordings = readFileSync(values.file, 'utf8')
    .trim()
    .split('\n')
    .map((line): Recording => JSON.parse(line))
    .filter(({ setup }) => setup === values.setup)
    .sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  const client = new Client(values.target, credentials.createInsecure());
  let different = 0;
  for (const recording of recordings) {
    const difference = differenceOf(recording, await sendRecording(client, recording));
    if (difference !== undefined) {
      different++;
      process.stdout.write(`${recording.id}: ${difference}\n`);
    } else if (values.ids) process.stdout.write(`${recording.id}: same\n`);
  }
  client.close();
  process.stdout.write(`${recordings.length - different} of ${recordings.length} answers are the same\n`);
  return different === 0 && recordings.length > 0 ? 0 : 1;
}

process.exitCode = await main();
