import { invalidArgument, type RequestError } from '../errors.ts';

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
