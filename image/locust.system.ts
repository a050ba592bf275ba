/** Builds the load test's image with DOCKER (default `docker`; podman does as well) and looks at it; LOCUST_IMAGE names one to test as it is. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';

const docker = process.env.DOCKER || 'docker';
const image = process.env.LOCUST_IMAGE || 'celsius-locust:test';
const root = fileURLToPath(new URL('..', import.meta.url));
const exec = promisify(execFile);
const run = async (...args: string[]) =>
  (await exec(docker, args, { cwd: root, maxBuffer: 1 << 26 })).stdout.trim();

t.before(async () => {
  if (!process.env.LOCUST_IMAGE) await run('build', '-t', image, 'locust');
});

t.test('starts without any right', async (t) => {
  const limits = ['--rm', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
  t.match(await run('run', ...limits, image, '--version'), /^locust \d/);
});

t.test('holds no program that makes another user of who runs it', async (t) => {
  // As root, who may look into each folder.
  const find = ['/', '-xdev', '-type', 'f', '-perm', '/6000'];
  t.equal(await run('run', '--rm', '--user', '0', '--entrypoint', 'find', image, ...find), '');
});
