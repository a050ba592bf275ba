import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeCertificates } from '../../function/testing/certificates.ts';
import { spawnServer } from '../../function/testing/child-process.ts';
import { freePort } from '../../function/testing/socket.ts';
import { goTool } from './go-tool.ts';

const MODULE = 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible';

/** What fails on purpose, by port. */
const ON_PURPOSE: Readonly<Record<string, string>> = {
  'PORT: http2/3.5 Sends invalid connection preface':
    'where one port speaks both, what is no preface is a request in HTTP/1.1, and gets a 400',
};

/**
 * Has h2spec try what RFC 9113 and RFC 7541 say, the strict cases too, on both ports of a whole server, without TLS and
 * with it.
 *
 * @param say is told one line for each port, and each case that failed
 * @returns how many failed that should not
 */
export async function conformance(root: string, say: (line: string) => void): Promise<number> {
  const h2spec = await goTool(root, 'h2spec', MODULE);
  if (h2spec === undefined) {
    say('h2spec: not done, as there is no Go');
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'celsiusify-'));
  try {
    makeCertificates(folder, ['server']);
    const tls = { TLS_CERT_FILE: join(folder, 'server'), TLS_KEY_FILE: join(folder, 'server.key') };
    let failed = 0;
    for (const secure of [false, true]) {
      const GRPC_PORT = await freePort();
      const server = spawnServer({ env: { GRPC_PORT, ...(secure ? tls : {}) } });
      try {
        const { port } = new URL(await server.ready);
        for (const [name, number] of [
          ['GRPC_PORT', GRPC_PORT],
          ['PORT', port],
        ] as const) {
          const report = join(folder, 'report.xml');
          const args = ['-h', '127.0.0.1', '-p', number, '-o', '10', '-S', '-j', report];
          if (secure) args.push('-t', '-k');
          await promisify(execFile)(h2spec, args).catch(() => {}); // what failed is in the report
          failed += judge(`${name}${secure ? ' with TLS' : ''}`, readFileSync(report, 'utf8'), say);
          rmSync(report);
        }
      } finally {
        server.child.kill('SIGKILL');
        await server.ended;
      }
    }
    return failed;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param report in JUnit's XML, as h2spec writes it */
function judge(port: string, report: string, say: (line: string) => void): number {
  const cases = [
    ...report.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs),
  ];
  let failed = 0;
  for (const [, part, name, outcome = ''] of cases) {
    if (!/<(failure|error|skipped)/.test(outcome)) continue;
    const id = `${port}: ${part} ${name}`;
    const why = ON_PURPOSE[id];
    say(`${id}: ${why ?? outcome.trim()}`);
    if (why === undefined) failed++;
  }
  say(`h2spec, ${port}: ${cases.length} cases, ${failed} failed`);
  return cases.length === 0 ? 1 : failed;
}
