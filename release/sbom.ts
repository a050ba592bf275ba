import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { wheels } from '../setup/wheels.js';
import { bindingPackage, bundledPackages, type Package } from './bundled.ts';
import { ROOT, versionOf } from './versions.ts';

const exec = promisify(execFile);

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly [more: string]: unknown;
}

interface Bom {
  readonly components: readonly Component[];
  readonly [more: string]: unknown;
}

/**
 * CycloneDX of what the image is made of: npm's own list, kept to the packages whose code is in the image, with
 * TensorFlow's wheel (its hash is what set-up checks) and the base image that Node and glibc are from.
 *
 * @param arch as in process.arch
 */
export async function sbom(arch: string): Promise<Bom> {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const { stdout } = await exec('npm', args, { cwd: ROOT, maxBuffer: 1 << 27 });
  const bom: Bom = JSON.parse(stdout);
  const held = [...(await bundledPackages()), bindingPackage()];
  const same = (component: Component, { name, version }: Package) =>
    fullName(component) === name && component.version === version;
  const components = bom.components.filter((component) => held.some((one) => same(component, one)));
  const missing = held.filter((one) => !components.some((component) => same(component, one)));
  if (missing.length > 0)
    throw new Error(`npm sbom does not name ${missing.map(({ name }) => name).join(', ')}`);
  const { dependencies: _, ...rest } = bom; // of packages that are not in the image
  return { ...rest, components: [...components, tensorflow(arch), base()] };
}

/** npm gives a scope as CycloneDX' group, or as part of the name. */
function fullName({ name, group }: Component): string {
  return typeof group === 'string' && group !== '' ? `${group}/${name}` : name;
}

function tensorflow(arch: string): Component {
  const wheel = wheels[arch];
  if (wheel === undefined) throw new Error(`no TensorFlow for ${arch}: ${Object.keys(wheels).join(' or ')}`);
  const { name, version, sha256 } = wheel;
  return {
    type: 'library',
    name,
    version,
    purl: `pkg:pypi/${name}@${version}`,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [{ license: { id: 'Apache-2.0' } }],
  };
}

function base(): Component {
  const [name = '', tag = ''] = versionOf(/^ARG NODE_IMAGE=(\S+)/m, 'Dockerfile').split(':');
  return { type: 'container', name, version: tag, purl: `pkg:docker/${name}@${tag}` };
}
