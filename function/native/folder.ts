import { getSystemErrorMap } from 'node:util';

/** The folder itself, whose name is empty, or what lies in it. Links are followed. */
export interface FolderEntry {
  /** Relative to the folder, with `/`. */
  readonly name: string;
  /** `other` is gone since it was listed, a link to nothing, or neither file nor folder. */
  readonly kind: 'file' | 'folder' | 'other';
  /** Of the folder itself: it lies on another machine or is made by a process, so that nobody tells of changes in it. */
  readonly isRemote: boolean;
  /** Device and inode: another one once it was replaced. */
  readonly identity: string;
  readonly bytes: number;
  /** When what it holds was changed, in ms since 1970. */
  readonly modified_ms: number;
  /** When that, or its name, owner or mode was. */
  readonly changed_ms: number;
}

const KINDS: Readonly<Record<string, FolderEntry['kind']>> = { f: 'file', d: 'folder', r: 'folder' };

/** Reads what engine/folder.h writes. */
export function entriesOf(listing: string): FolderEntry[] {
  return listing
    .split('\0')
    .slice(0, -1)
    .map((line) => {
      const [kind = '', device, inode, bytes, modified, changed, ...name] = line.split(' ');
      return {
        name: name.join(' '),
        kind: KINDS[kind] ?? 'other',
        isRemote: kind === 'r',
        identity: `${device} ${inode}`,
        bytes: Number(bytes),
        modified_ms: Number(modified) / 1e6,
        changed_ms: Number(changed) / 1e6,
      };
    });
}

/** An Error as node:fs has it. @param errno positive */
export function systemError(errno: number, path: string): Error {
  const [code, words] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
  return Object.assign(new Error(`${code}: ${words}, '${path}'`), { code });
}
