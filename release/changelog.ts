import { FatalError } from '../function/errors.ts';

/**
 * What CHANGELOG.md (Keep a Changelog) says of one version, without its heading.
 *
 * @throws FatalError where it says nothing
 */
export function changesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.startsWith(`[${version}]`));
  const text = found?.slice(found.indexOf('\n')).trim() ?? '';
  if (text === '')
    throw new FatalError(`CHANGELOG.md says nothing of ${version}: add "## [${version}] - DATE"`);
  return text;
}
