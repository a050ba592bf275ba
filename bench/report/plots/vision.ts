/** Other eyes, and paper without colour: what becomes of a colour's shares of red, green and blue light, row by row. */
type Matrix = readonly [Row, Row, Row];
type Row = readonly [number, number, number];

const GREY: Row = [0.2126, 0.7152, 0.0722];

/** Of no cones of one kind: Machado, Oliveira and Fernandes (2009), severity 1. Grey: luminance by ITU-R BT.709. */
export const VISIONS: Readonly<Record<string, Matrix>> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
  'black-and-white': [GREY, GREY, GREY],
};

/** An SVG as it looks then: each of its colours, written as #RRGGBB, replaced. */
export function seen(svg: string, vision: Matrix): string {
  return svg.replaceAll(/#[0-9a-f]{6}\b/gi, (color) => seenColor(color, vision));
}

/** @param color as #RRGGBB */
export function seenColor(color: string, vision: Matrix): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    light(Number.parseInt(color.slice(at, at + 2), 16) / 255),
  );
  const channels = vision.map(([r, g, b]) => Math.round(255 * code(r * red + g * green + b * blue)));
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** sRGB's curve and its inverse (IEC 61966-2-1); beyond what a screen can show is cut off. */
const light = (share: number): number =>
  share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;

function code(amount: number): number {
  const within = Math.min(Math.max(amount, 0), 1);
  return within <= 0.0031308 ? within * 12.92 : 1.055 * within ** (1 / 2.4) - 0.055;
}
