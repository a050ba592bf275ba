import { invalidArgument } from '../../errors.ts';
import type { Models } from '../../models/catalogue.ts';
import { encode } from '../../protobuf/codec.ts';
import { ModelSpec } from '../../protobuf/definitions/tensorflow-serving.ts';
import type { Message } from '../../protobuf/schema.ts';
import type { Served } from '../deps.ts';

export type Spec = Message<typeof ModelSpec>;

/** The version that a request means. @throws RequestError as Models.find() does, and INVALID_ARGUMENT for no model */
export function findBySpec(models: Models<Served>, spec: Spec | undefined): Served {
  const { name, version, version_label: label } = checkSpec(spec);
  if (name === '') throw invalidArgument('ModelSpec has no name specified.');
  return models.find(name, { version: versionText(version), label });
}

/** @throws RequestError INVALID_ARGUMENT where there is none */
export function checkSpec(spec: Spec | undefined): Spec {
  if (spec === undefined) throw invalidArgument('Missing ModelSpec');
  return spec;
}

/** A version as a decimal int64; undefined where none is asked for. */
export function versionText(version: Spec['version']): string | undefined {
  return version === undefined ? undefined : String(version.value);
}

/** The specs of answers, encoded: they are the same for all answers of a signature. */
export class AnswerSpecs {
  readonly #specs = new WeakMap<Served, Map<string, Buffer>>();

  /** @param signature '' for answers that name none */
  of(served: Served, signature: string): Buffer {
    let specs = this.#specs.get(served);
    if (specs === undefined) {
      specs = new Map();
      this.#specs.set(served, specs);
    }
    let spec = specs.get(signature);
    if (spec === undefined) {
      const { name, version } = served;
      spec = encode(ModelSpec, { name, version: { value: BigInt(version) }, signature_name: signature });
      specs.set(signature, spec);
    }
    return spec;
  }
}
