/** An input or output of a signature, as decode.h knows it. */
export interface Field {
  readonly key: string;
  /** A number of tensorflow.DataType (types.proto). */
  readonly dtype: number;
  /** An input's value where a request leaves it out. */
  readonly initial?: RawTensor;
}

/** A signature, as decode.h knows it. */
export interface CodecSignature {
  readonly name: string;
  readonly inputs: readonly Field[];
  readonly outputs: readonly Field[];
  /** Why it cannot be served; empty if it can. */
  readonly unsupported: string;
}

/** A tensor outside TensorFlow. */
export interface RawTensor {
  readonly dtype: number;
  readonly shape: readonly number[];
  /** Elements in row-major order as TensorFlow has them in memory; one Buffer for each string. */
  readonly data: Buffer | readonly Buffer[];
}

/** JSON bodies to tensors of any dtype, and tensors to answers (glue.cc). */
export interface Codec {
  /**
   * Reads the body of a `:predict` request.
   *
   * @returns the signature's index, whether it came as rows (`instances`), and its inputs in order; or, as text, what is
   *   wrong with the body
   */
  decodePredict(
    body: Buffer,
    signatures: readonly CodecSignature[],
  ): { signature: number; rows: boolean; inputs: RawTensor[] } | string;
  /**
   * Reads an object with that one key, and a number or a list of numbers under it.
   *
   * @returns a tensor of rank 1, and whether it was a number; or, as text, what is wrong with the body
   */
  decodeField(body: Buffer, key: string, dtype: number): { tensor: RawTensor; scalar: boolean } | string;
  /**
   * Writes the answer to a `:predict` request.
   *
   * @param outputs in the order of the signature's outputs
   * @returns JSON; or, as text, why the outputs have no JSON form
   */
  encodePredict(signature: CodecSignature, rows: boolean, outputs: readonly RawTensor[]): Buffer | string;
}
