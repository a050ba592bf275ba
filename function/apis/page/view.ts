import type { SavedModel } from '../../model/saved-model.ts';
import type { PageState } from './page-data.ts';

/** A conversion that was asked for by the page's own address. */
export type Conversion =
  | { readonly fahrenheit: string; readonly celsius: string }
  | { readonly fahrenheit: string; readonly error: string };

export interface PageView {
  readonly runId: string;
  readonly version: string;
  readonly state: PageState;
  /** The model of MODEL_NAME, which need not be served. */
  readonly modelName: string;
  /** Undefined while it is being loaded, and where it is not served. */
  readonly model: SavedModel | undefined;
  /** Phase → seconds. */
  readonly coldStart: ReadonlyMap<string, number>;
  readonly metricsHere: boolean;
  readonly conversion: Conversion | undefined;
}
