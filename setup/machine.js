// Whether this machine can build and run TensorFlow's libraries, said before anything is fetched.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SetupError } from './context.js';
import { glibcVersion, isOlder } from './glibc.js';
import { wheels } from './wheels.js';

/** @typedef {import('./context.js').Context} Context */

/** The wheels are built for manylinux_2_27. */
export const OLDEST_GLIBC = '2.27';

/**
 * @typedef {object} Machine
 * @property {string} platform as in process.platform
 * @property {string} arch as in process.arch
 * @property {string | undefined} glibc its version; undefined where Node runs on another C library (musl)
 * @property {string} cpuinfo text of /proc/cpuinfo, empty if there is none
 */

/** @returns {Machine} */
export function thisMachine() {
  return { platform: process.platform, arch: process.arch, glibc: glibcVersion(), cpuinfo: readCpuinfo() };
}

function readCpuinfo() {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Why TensorFlow cannot run here, and what to do; undefined if it can.
 * @param {Machine} machine
 */
export function platformProblem({ platform, arch, glibc, cpuinfo }) {
  if (platform !== 'linux') {
    return `TensorFlow's libraries are used on Linux only, and this is ${platform}: build the container image instead`;
  }
  if (!(arch in wheels)) {
    return `no TensorFlow libraries for ${arch}: use a machine with ${Object.keys(wheels).join(' or ')}`;
  }
  if (glibc === undefined) {
    return 'this system has no glibc (Alpine Linux has musl instead), which TensorFlow needs: use Debian, Ubuntu or another glibc system';
  }
  if (isOlder(glibc, OLDEST_GLIBC)) {
    return `glibc ${glibc} is too old for TensorFlow, which needs ${OLDEST_GLIBC}: use a newer system, such as Debian 12`;
  }
  if (arch === 'x64' && cpuinfo !== '' && !/^flags\s*:.*\bavx\b/m.test(cpuinfo)) {
    return 'this processor has no AVX, which TensorFlow needs: use a newer processor, or let the virtual machine pass its features through (such as QEMU -cpu host)';
  }
  return undefined;
}

/** The programs that set-up runs, and the Debian package of each. */
const tools = [
  { name: 'Python 3', test: ['python3', '--version'], debian: 'python3' },
  { name: 'pip for Python 3', test: ['python3', '-m', 'pip', '--version'], debian: 'python3-pip' },
  { name: 'g++', test: ['g++', '--version'], debian: 'g++' },
];

/**
 * @param {Context} context
 * @returns {string | undefined} one line that names all that is missing
 */
export function toolProblem(context) {
  const missing = tools.filter(
    ({ test: [command = '', ...args] }) => spawnSync(command, args, { env: context.env }).status !== 0,
  );
  if (missing.length === 0) return undefined;
  const names = missing.map(({ name }) => name).join(' and ');
  const packages = missing.map(({ debian }) => debian).join(' ');
  return `${names} not found: install with "apt-get install ${packages}" (Debian, Ubuntu), or your system's packages of that name`;
}

/** @param {Context} context */
export function checkMachine(context) {
  const problem = platformProblem({ ...thisMachine(), arch: context.arch }) ?? toolProblem(context);
  if (problem) throw new SetupError(problem);
}
