/** `http://host`, and what follows it: nothing, a path, or a query alone. */
const ABSOLUTE = /^https?:\/\/[^/?#@]+([/?].*)?$/i;

/**
 * A request's target as path and query: as it is, or, where it is a whole URL (as sent to proxies, which servers must
 * understand, too: RFC 9112, section 3.2.2), without scheme and host. Any other comes back as it is.
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const match = ABSOLUTE.exec(target);
  if (match === null) return target;
  const [, rest = ''] = match;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
