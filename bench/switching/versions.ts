import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A model whose versions answer differently, so that it can be told which one answered. */
export interface Kind {
  readonly name: string;
  /** A version of it: what others are made of. */
  readonly folder: string;
  /** Of a request, the same for all versions. */
  readonly body: string;
  /** The bytes of a constant in saved_model.pb, and those that stand there in variant 0, 1, 2 …: of the same length. */
  readonly constant: Buffer;
  readonly variants: readonly Buffer[];
}

/** The constant that is subtracted: 32 in variant 0, then 33 … */
export function celsius(root: string): Kind {
  const constant = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return Buffer.concat([Buffer.from([0x32, 0x08]), bytes]); // TensorProto.double_val
  };
  return {
    name: 'celsius',
    folder: join(root, 'model/celsius/1'),
    body: '{"instances":[212]}',
    constant: constant(32),
    variants: Array.from({ length: 7 }, (_, i) => constant(32 + i)),
  };
}

/** Batch norms' epsilon: 0.001 in variant 0, then 0.01. */
export function mobilenet(folder: string, body: string): Kind {
  const constant = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return Buffer.concat([Buffer.from([0x2a, 0x04]), bytes]); // TensorProto.tensor_content
  };
  return {
    name: 'mobilenet_v2',
    folder: join(folder, '1'),
    body,
    constant: constant(0.001),
    variants: [constant(0.001), constant(0.01)],
  };
}

/** A folder of versions, each put there whole by a rename. */
export class Versions {
  readonly folder: string;
  readonly #kind: Kind;
  readonly #graph: Buffer;

  constructor(folder: string, kind: Kind) {
    this.folder = folder;
    this.#kind = kind;
    this.#graph = readFileSync(join(kind.folder, 'saved_model.pb'));
    if (!this.#graph.includes(kind.constant)) throw new Error(`${kind.folder}: its constant is not found`);
    mkdirSync(folder, { recursive: true });
  }

  variantOf(version: number): number {
    return version % this.#kind.variants.length;
  }

  /** Copies a version beside, without the time that this takes. @returns what puts it in its place */
  prepare(version: number): () => void {
    const beside = join(this.folder, `.beside-${version}`);
    cpSync(this.#kind.folder, beside, { recursive: true });
    writeFileSync(join(beside, 'saved_model.pb'), this.#patched(version));
    return () => renameSync(beside, join(this.folder, String(version)));
  }

  remove(version: number): void {
    rmSync(join(this.folder, String(version)), { recursive: true, force: true });
  }

  #patched(version: number): Buffer {
    const bytes = Buffer.from(this.#graph);
    const { constant, variants } = this.#kind;
    const other = variants[this.variantOf(version)] ?? constant;
    for (let at = bytes.indexOf(constant); at >= 0; at = bytes.indexOf(constant, at + constant.length))
      other.copy(bytes, at);
    return bytes;
  }
}
