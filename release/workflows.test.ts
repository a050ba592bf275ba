import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import t from 'tap';
import { ROOT, read } from './versions.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly permissions?: unknown;
  readonly 'timeout-minutes'?: number;
  readonly environment?: string;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = '.github/workflows';
const scripts = Object.keys(JSON.parse(read('package.json')).scripts);

for (const file of readdirSync(join(ROOT, FOLDER))) {
  t.test(file, async (t) => {
    const text = read(`${FOLDER}/${file}`);
    const workflow: Workflow = loadYaml(text);
    t.strictSame(workflow.permissions, {}, 'no right unless a job asks for it');
    t.ok(workflow.concurrency, 'concurrency');
    for (const [name, job] of Object.entries(workflow.jobs)) {
      t.ok(job.permissions, `${name}: permissions`);
      t.ok(job['timeout-minutes'], `${name}: time-out`);
      for (const { run } of job.steps) {
        if (run === undefined) continue;
        const script = /^npm (?:run )?([\w:]+)/.exec(run)?.[1] ?? '';
        const known = run === 'npm ci' || run === 'bash .ci/run' || scripts.includes(script);
        t.ok(known || /^sudo apt-get (?:update|install -y [\w-]+)$/.test(run), `${name}: ${run}`);
        t.notMatch(run, /[\n|;&>$]/, `${name}: one command, no logic`);
      }
    }
    for (const [line] of text.matchAll(/uses: .*/g)) {
      t.match(line, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, line);
    }
    if ('pull_request' in workflow.on) t.notMatch(text, /secrets\./, 'no secret for a pull request');
    if (/secrets\./.test(text)) {
      t.notOk('pull_request_target' in workflow.on);
      for (const job of Object.values(workflow.jobs)) t.equal(job.environment, 'release');
    }
  });
}
