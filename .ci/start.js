// `npm start` as a user runs it: known answers over HTTP, then SIGTERM. TAP on stdout.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Fahrenheit and the correctly rounded Celsius. */
const known = [
  [212, 100],
  [98.6, 37],
  [-40, -40],
  [-459.67, -273.15],
  [1e10, 5555555533],
];

let count = 0;
let failed = 0;
/** @param {boolean} good @param {string} what */
function report(good, what) {
  count += 1;
  if (!good) failed += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${what}`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/**
 * Asks until the server answers 200, or has ended.
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
async function untilReady(url, server) {
  while (server.exitCode === null) {
    const response = await fetch(url).catch(() => undefined);
    await response?.text();
    if (response?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** @param {number} given @param {number} wanted */
const sameFloat32 = (given, wanted) => Math.fround(given) === Math.fround(wanted);

const port = await freePort();
const grpcPort = await freePort();
const url = `http://127.0.0.1:${port}`;
const started = performance.now();
const server = spawn('npm', ['start'], {
  env: {
    ...process.env,
    PORT: String(port),
    GRPC_PORT: String(grpcPort),
    HOST: '127.0.0.1',
    DRAIN_DELAY_MS: '100',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const ended = once(server, 'exit');

if (await untilReady(`${url}/readyz`, server)) {
  report(true, `npm start is ready after ${((performance.now() - started) / 1000).toFixed(2)} s`);
  for (const [fahrenheit, celsius] of known) {
    const response = await fetch(`${url}/celsius`, { method: 'POST', body: JSON.stringify({ fahrenheit }) });
    const answer = /** @type {{ celsius?: number, runId?: string }} */ (await response.json());
    report(
      response.status === 200 && sameFloat32(answer.celsius ?? Number.NaN, celsius ?? Number.NaN),
      `${fahrenheit} °F is ${celsius} °C (${JSON.stringify(answer)})`,
    );
    report(
      response.headers.get('x-run-id') === answer.runId,
      'the header x-run-id is the run ID of the body',
    );
  }
  server.kill('SIGTERM');
} else {
  report(false, 'npm start is ready');
}
const [code, signal] = await ended;
report(code === 0, `npm start ends with 0 after SIGTERM (${signal ?? code})`);
console.log(`1..${count}`);
console.log(`# { total: ${count}, pass: ${count - failed}, fail: ${failed} }`);
process.exitCode = failed === 0 ? 0 : 1;
