import { fileURLToPath } from 'node:url';
import { invalidArgument, messageOf } from '../errors.ts';

/**
 * The folder that a base path names: a path as it is, or a `file://` URI.
 *
 * @throws RequestError INVALID_ARGUMENT for a URI of anything else, with what to do instead
 */
export function folderOf(basePath: string): string {
  const scheme = /^([a-z][\w+.-]*):\/\//i.exec(basePath)?.[1]?.toLowerCase();
  if (scheme === undefined) return basePath;
  if (scheme !== 'file') {
    throw invalidArgument(
      `${basePath}: models are read from folders, not by ${scheme}://; mount the bucket as a volume, or copy the model ` +
        'into one before the start (an init container with rclone or the like), and give the folder',
    );
  }
  try {
    return fileURLToPath(basePath);
  } catch (error) {
    throw invalidArgument(`${basePath}: no file on this machine (${messageOf(error)}); write file:///folder`);
  }
}
