import type { Default, Signature, TensorInfo } from '../../model/signatures.ts';
import { sizeOf } from '../../model/tensor.ts';
import { BEING_LOADED, isUnloaded, type ModelStatus, type VersionStatus } from '../../models/status.ts';
import type { Deps, Load, Phase } from '../deps.ts';
import { datatypeOf } from '../open-inference/datatypes.ts';
import { jsonOfTensor } from '../open-inference/elements-json.ts';
import { exampleText } from './example-text.ts';

/** What the page shows at once; who has more is told so. */
const MAX_MODELS = 500;
const MAX_VERSIONS = 20;
const MAX_SIGNATURES = 100;
const MAX_TENSORS = 100;
const MAX_DEFAULT_VALUES = 8;

/** What changes while the page is open. */
export interface PageState {
  readonly phase: Phase;
  readonly uptimeSeconds: number;
  readonly load: Load;
  readonly models: readonly PageModel[];
  /** Models beyond those that are listed. */
  readonly more: number;
}

export interface PageModel {
  readonly name: string;
  readonly standing: 'available' | 'loading' | 'failed';
  /** Why no version answers; '' where one does. */
  readonly reason: string;
  /** Newest first. Those that were unloaded are only counted, and so are those beyond the first few. */
  readonly versions: readonly PageVersion[];
  readonly unloaded: number;
  readonly more: number;
}

export interface PageVersion extends VersionStatus {
  readonly labels: readonly string[];
}

/** What one version of a model can be asked. */
export interface PageDescription {
  readonly name: string;
  readonly version: string;
  readonly signatures: readonly PageSignature[];
  readonly more: number;
}

export interface PageSignature {
  readonly name: string;
  readonly method: string;
  /** Why it cannot be called; '' where it can. */
  readonly unsupported: string;
  readonly inputs: readonly PageTensor[];
  readonly outputs: readonly PageTensor[];
  readonly more: number;
  /** A body of `:predict`. */
  readonly example: string;
}

export interface PageTensor {
  readonly key: string;
  /** Without `DT_`, in small letters: `float`. */
  readonly dtype: string;
  /** `[−1, 3]`, or words where the rank is unknown. */
  readonly shape: string;
  /** Of an input that may be left out. */
  readonly default: string;
}

export function pageState({ phase, load, models }: Pick<Deps, 'phase' | 'load' | 'models'>): PageState {
  const all = models.list();
  return {
    phase: phase(),
    uptimeSeconds: Math.floor(performance.now() / 1000),
    load: load(),
    models: all.slice(0, MAX_MODELS).map(pageModel),
    more: Math.max(all.length - MAX_MODELS, 0),
  };
}

function pageModel({ name, reason, versions, labels }: ModelStatus): PageModel {
  const present = versions.filter((one) => !isUnloaded(one));
  return {
    name,
    standing: reason === '' ? 'available' : reason === BEING_LOADED ? 'loading' : 'failed',
    reason,
    versions: present.slice(0, MAX_VERSIONS).map((one) => ({
      ...one,
      labels: [...labels].flatMap(([label, version]) => (version === one.version ? [label] : [])),
    })),
    unloaded: versions.length - present.length,
    more: Math.max(present.length - MAX_VERSIONS, 0),
  };
}

/** @throws RequestError as Models.find() does. @param version undefined: what answers where none is asked for */
export function pageDescription(
  models: Deps['models'],
  name: string,
  version: string | undefined,
): PageDescription {
  const served = models.find(name, { version });
  const all = [...served.model.signatures.values()];
  return {
    name: served.name,
    version: served.version,
    signatures: all.slice(0, MAX_SIGNATURES).map(pageSignature),
    more: Math.max(all.length - MAX_SIGNATURES, 0),
  };
}

function pageSignature(signature: Signature): PageSignature {
  const { name, method, inputs, outputs, defaults, unsupported = '' } = signature;
  const tensors = (infos: readonly TensorInfo[]) =>
    infos.slice(0, MAX_TENSORS).map((info) => pageTensor(info, defaults?.get(info.key)));
  return {
    name,
    method,
    unsupported,
    inputs: tensors(inputs),
    outputs: outputs.slice(0, MAX_TENSORS).map((info) => pageTensor(info, undefined)),
    more: Math.max(inputs.length - MAX_TENSORS, 0) + Math.max(outputs.length - MAX_TENSORS, 0),
    example: unsupported === '' ? exampleText(signature) : '',
  };
}

function pageTensor({ key, dtype, shape }: TensorInfo, initial: Default | undefined): PageTensor {
  return {
    key,
    dtype: dtype.replace(/^DT_/, '').toLowerCase(),
    shape: shape === undefined ? 'any shape' : `[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]`,
    default: initial === undefined ? '' : defaultText(key, initial),
  };
}

function defaultText(key: string, { proto, shape, data }: Default): string {
  const values = sizeOf(shape);
  const datatype = datatypeOf(proto.dtype);
  if (datatype === undefined || values > MAX_DEFAULT_VALUES) return `${values} values`;
  const bytes = data instanceof Uint8Array ? Buffer.from(data) : data.map((one) => Buffer.from(one));
  try {
    const text = jsonOfTensor(datatype, { dtype: proto.dtype, shape, data: bytes }, key);
    return shape.length === 0 ? text.slice(1, -1) : text;
  } catch {
    return `${values} values`; // such as bytes, or what is not finite
  }
}
