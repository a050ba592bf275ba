import { FatalError } from '../function/errors.ts';
import { CHARTS } from './versions.ts';

/** A command with its arguments; `stdin` is handed to it, so that no secret is an argument. */
export interface Command {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

/** What publishing is told, all by environment variables. */
export interface Place {
  readonly version: string;
  /** Image without tag, on Docker Hub: `USER/celsiusify`. */
  readonly image: string;
  readonly user: string;
  readonly token: string;
  /** The commit. */
  readonly revision: string;
  /** Time of the commit in ISO 8601, so that two builds of it are the same. */
  readonly created: string;
}

const ARCHITECTURES = ['amd64', 'arm64'];

/** What is published: a stage of the Dockerfile each, by what its tags end with. */
export const IMAGES = [
  { stage: 'celsiusify', suffix: '' },
  { stage: 'celsius', suffix: '-celsius' },
] as const;

const login = ({ user, token }: Place, ...program: string[]): Command => ({
  argv: [...program, '--username', user, '--password-stdin'],
  stdin: token,
});

/** Builds this machine's images and pushes each under a tag of its own, with SBOM and provenance beside it. */
export function image(place: Place, arch: string): Command[] {
  const docker = { x64: 'amd64', arm64: 'arm64' }[arch];
  if (docker === undefined) throw new FatalError(`no image for ${arch}`);
  const labels = { VERSION: place.version, REVISION: place.revision, CREATED: place.created };
  return [
    login(place, 'docker', 'login'),
    // Docker's default builder can neither attest nor compress with zstd.
    { argv: ['docker', 'buildx', 'create', '--use', '--driver', 'docker-container'] },
    ...IMAGES.map(({ stage, suffix }) => ({
      argv: [
        ...['docker', 'buildx', 'build', '--platform', `linux/${docker}`, '--target', stage],
        ...Object.entries(labels).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
        ...['--provenance=mode=max', '--sbom=true'],
        `--output=type=image,name=${place.image}:${place.version}${suffix}-${docker},push=true,oci-mediatypes=true,compression=zstd,force-compression=true`,
        '.',
      ],
    })),
  ];
}

/** One name for the images of all architectures. */
export function index(place: Place): Command[] {
  const names = IMAGES.map(({ suffix }) => `${place.image}:${place.version}${suffix}`);
  return [
    login(place, 'docker', 'login'),
    ...names.map((name) => ({
      argv: [
        ...['docker', 'buildx', 'imagetools', 'create', '-t', name],
        ...ARCHITECTURES.map((arch) => `${name}-${arch}`),
      ],
    })),
  ];
}

/** Signs by digest, without a key: the signature names this workflow. */
export function sign(place: Place, digests: readonly string[], sbomFile: string): Command[] {
  const bad = digests.find((digest) => !/^sha256:[0-9a-f]{64}$/.test(digest));
  if (bad !== undefined) throw new FatalError(`${JSON.stringify(bad)} is no digest`);
  return [
    login(place, 'cosign', 'login', 'docker.io'),
    ...digests.flatMap((digest) => {
      const name = `${place.image}@${digest}`;
      return [
        { argv: ['cosign', 'sign', '--yes', '--recursive', name] },
        { argv: ['cosign', 'attest', '--yes', '--type', 'cyclonedx', '--predicate', sbomFile, name] },
      ];
    }),
  ];
}

/** Charts as OCI artifacts `USER/celsius` and so on; the images are all `USER/celsiusify`, so that they do not meet. */
export function charts(place: Place): Command[] {
  return [
    login(place, 'helm', 'registry', 'login', 'registry-1.docker.io'),
    ...CHARTS.flatMap((chart) => [
      { argv: ['helm', 'package', `helm/${chart}`, '--destination', '.cache/charts'] },
      {
        argv: [
          'helm',
          'push',
          `.cache/charts/${chart}-${place.version}.tgz`,
          `oci://registry-1.docker.io/${place.user}`,
        ],
      },
    ]),
  ];
}

/** The release's page, with CHANGELOG's words and the SBOMs. */
export function page(version: string, notes: string, files: readonly string[]): Command[] {
  const args = ['--verify-tag', '--title', version, '--notes-file', '-'];
  return [{ argv: ['gh', 'release', 'create', `v${version}`, ...files, ...args], stdin: notes }];
}
