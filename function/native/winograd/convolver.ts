/** Convolutions by the kernels of this CPU (glue.cc), for tests. */
export interface Convolver {
  /** The names of the kernels that this CPU has, the widest first. */
  kernels(): string[];
  /**
   * All numbers are float32, row after row.
   *
   * @param images of `shape` [count, height, width, depth]; they are padded with zeros by one on each side
   * @param filters [3, 3, depth, channels]
   * @param bias [channels], or nothing
   * @param range two numbers, which outputs are clamped to
   * @param helpers threads that take parts
   * @returns [count, height, width, channels]; undefined where the kernel is not for as many channels
   */
  convolve(
    kernel: string,
    images: Buffer,
    shape: readonly [number, number, number, number],
    filters: Buffer,
    channels: number,
    bias: Buffer,
    range: Buffer,
    helpers: number,
  ): Buffer | undefined;
}
