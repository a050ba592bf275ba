/** How one target looks in every plot of the report: the same colour, shape and dash everywhere. */
export interface Look {
  /** Of lines and marks: the colour-blind safe palette of Okabe and Ito (2008). */
  readonly color: string;
  /** Of text in that colour: the same hue, dark enough for a contrast of 4.5 : 1 on white. */
  readonly ink: string;
  /** Shapes tell the targets apart without any colour. */
  readonly shape: 'circle' | 'square' | 'diamond' | 'triangle-up' | 'triangle-down' | 'cross' | 'stroke';
  readonly dash: readonly number[];
  /** Short enough to stand at the end of a line. */
  readonly name: string;
}

const LOOKS: Readonly<Record<string, Look>> = {
  'celsiusify-predict': look('#0072B2', '#005F95', 'circle', [], 'Celsiusify :predict'),
  'celsiusify-celsius': look('#56B4E9', '#1F76A8', 'circle', [4, 2], 'Celsiusify /celsius'),
  'tf-serving': look('#D55E00', '#B34F00', 'square', [], 'TF Serving'),
  'tf-serving-tuned': look('#E69F00', '#8F6300', 'diamond', [5, 2], 'TF Serving tuned'),
  fastapi: look('#009E73', '#007A59', 'triangle-up', [], 'FastAPI'),
  'fastapi-2-workers': look('#CC79A7', '#A34C7D', 'triangle-down', [5, 2], 'FastAPI, 2 workers'),
  bentoml: look('#009E73', '#007A59', 'triangle-up', [], 'BentoML'),
  celsiusify: look('#0072B2', '#005F95', 'circle', [], 'Celsiusify'),
  'celsiusify-batching': look('#56B4E9', '#1F76A8', 'circle', [4, 2], 'Celsiusify, BATCHING=true'),
  'tf-serving-one': look('#E69F00', '#8F6300', 'diamond', [5, 2], 'TF Serving, 1 thread'),
  'tf-serving-batching': look('#9A6A4F', '#7A4E35', 'cross', [2, 2], 'TF Serving, batches'),
  'tf-serving-newest': look('#6B4C9A', '#5A3F85', 'stroke', [3, 1], 'newest TF Serving'),
  'tf-serving-grpc': look('#D55E00', '#B34F00', 'square', [], 'TF Serving, gRPC'),
  python: look('#666666', '#555555', 'triangle-down', [1.5, 2], 'Python, no server'),
  floor: look('#8A8A8A', '#666666', 'cross', [1.5, 2], 'no-op server'),
};

const UNKNOWN = look('#000000', '#000000', 'stroke', [], 'unknown');

function look(color: string, ink: string, shape: Look['shape'], dash: readonly number[], name: string): Look {
  return { color, ink, shape, dash, name };
}

/** The look of a target; one that is not in the table is drawn black under its own id. */
export function lookOf(target: string): Look {
  return LOOKS[target] ?? { ...UNKNOWN, name: target };
}

/** Targets in the order in which tables and plots name them. */
export const ORDER: readonly string[] = Object.keys(LOOKS);

/** Targets that stand in one plot together, and so must differ. */
export const TOGETHER: readonly (readonly string[])[] = [
  [
    'celsiusify-predict',
    'celsiusify-celsius',
    'tf-serving',
    'tf-serving-tuned',
    'fastapi',
    'fastapi-2-workers',
    'floor',
  ],
  ['celsiusify', 'tf-serving', 'tf-serving-one', 'tf-serving-batching', 'bentoml', 'python', 'floor'],
];

/** The report's own typeface, so that plots and text are one; named to be found by Typst and, elsewhere, replaced. */
export const FONT = 'Source Sans 3';
export const FONT_STACK = `'${FONT}', 'Source Sans Pro', 'Helvetica Neue', Arial, sans-serif`;

export const TEXT = '#1F2328';
export const MUTED = '#666B73';
export const GRID = '#E3E6EA';

/** A colour mixed with white: 1 is the colour itself. Unlike opacity it hides the grid behind it. */
export function tint(color: string, share: number): string {
  const mixed = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16);
    return Math.round(255 + (value - 255) * share)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${mixed.join('')}`;
}
