import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** One import, of values or of types alone, static or not. */
export interface Import {
  /** Path from the repository's root. */
  readonly from: string;
  /** The same for a file of ours; else `node:…`, or `npm:…` for a package. */
  readonly to: string;
}

/** `from '…'`, `import '…'` and `import('…')`; in JSDoc, too, where JavaScript has its types. */
const SPECIFIER = /\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g;

/**
 * All imports of the sources below some folders. By their text: what parses TypeScript drops the imports of types, which
 * count here, and our formatter knows only one way to write an import.
 *
 * @param root the repository
 * @param folders those of tsconfig.json
 */
export function importsBelow(root: string, folders: readonly string[]): Import[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name) && !name.includes('node_modules'))
      .sort()
      .flatMap((name) => importsOf(posix.join(folder, name), readFileSync(join(root, folder, name), 'utf8'))),
  );
}

/** @param file its path from the root */
export function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(SPECIFIER)].map(([, , to = '']) => ({
    from: file,
    to: to.startsWith('.') ? posix.join(file, '..', to) : to.startsWith('node:') ? to : `npm:${to}`,
  }));
}

/** Ways from a file back to itself, each said once: `a.ts → b.ts → a.ts`. */
export function circlesIn(imports: readonly Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const before = way.indexOf(file);
    if (before >= 0) circles.push([...way.slice(before), file].join(' → '));
    if (before >= 0 || done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return circles;
}
