/**
 * Gives back the memory of bytes that nobody looks at any more; from now on there are none of them. What is left to V8 makes it
 * collect all the garbage there is for every few megabytes of bodies: an eighth of the CPU time of pictures as JSON.
 *
 * @param bytes left as they are where they are a part of other memory
 */
export function release(bytes: Buffer): void {
  const { buffer } = bytes;
  const isWhole = buffer.byteLength === bytes.length && bytes.length > 0;
  if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
