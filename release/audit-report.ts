import { messageOf } from '../function/errors.ts';

/** The part of npm's report (version 2) that is read. */
interface Report {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity: string; readonly via: readonly unknown[] }>
  >;
  readonly message?: string;
}

/**
 * What `npm audit --json` found. Most of the packages that @tensorflow/tfjs-node asks for are never run: only its native source is
 * compiled, and no install script is. A finding counts where the bundle, and so the image, has the package's code.
 *
 * @param json as npm printed it
 * @param held names of the packages that are bundled
 */
export function judge(json: string, held: ReadonlySet<string>): { lines: string[]; failed: boolean } {
  let report: Report;
  try {
    report = JSON.parse(json);
  } catch (error) {
    return { lines: [`npm audit gave no report: ${messageOf(error)}`], failed: true };
  }
  const { vulnerabilities, message } = report;
  if (vulnerabilities === undefined) {
    return { lines: [`npm audit gave no report: ${message ?? 'unknown reason'}`], failed: true };
  }
  const findings = Object.entries(vulnerabilities).map(([name, { severity, via }]) => ({
    inImage: held.has(name),
    line: `${name} (${severity}): ${via.map(titleOf).join('; ')}`,
  }));
  if (findings.length === 0) return { lines: ['npm audit: nothing found'], failed: false };
  return {
    lines: findings.map(
      ({ inImage, line }) => `${inImage ? 'in the image' : 'installed, never run'}: ${line}`,
    ),
    failed: findings.some(({ inImage }) => inImage),
  };
}

/** A weakness by its title and address; a package that only depends on one by that one's name. */
function titleOf(via: unknown): string {
  if (typeof via !== 'object' || via === null) return `through ${via}`;
  return `${Reflect.get(via, 'title')} ${Reflect.get(via, 'url')}`;
}
