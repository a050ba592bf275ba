import { invalidArgument, RequestError } from '../errors.ts';

/** Which version of a model: the newest where neither is given, never both. */
export interface Which {
  /** A decimal int64; leading zeros are let pass. */
  readonly version?: string | undefined;
  readonly label?: string | undefined;
}

/** INVALID_ARGUMENT, not NOT_FOUND, and also where the model itself is unknown: as TensorFlow Serving says it. */
export function labelUnknown(label: string): RequestError {
  return invalidArgument(`no version has the label ${JSON.stringify(label.slice(0, 100))}`);
}

/** @param served names of the models that are */
export function modelUnknown(name: string, served: readonly string[]): RequestError {
  const known = served.slice(0, 10).join(', ') || 'none';
  const more = served.length > 10 ? ', …' : '';
  return new RequestError(
    'NOT_FOUND',
    `no model ${JSON.stringify(name.slice(0, 100))}; served: ${known}${more}`,
  );
}

/** @param available versions of the model that are */
export function versionUnavailable(
  model: string,
  version: string,
  label: string | undefined,
  available: readonly string[],
): RequestError {
  const meant = label === undefined ? '' : ` (label ${JSON.stringify(label.slice(0, 100))})`;
  return new RequestError(
    'NOT_FOUND',
    `version ${version.slice(0, 30)}${meant} of model ${model} is not available; available: ${available.join(', ') || 'none'}`,
  );
}
