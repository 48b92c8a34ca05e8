/** Company colours that stay readable: WCAG 2.2 contrast, and the nearest colour that reaches it. */

type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0]; // with it, one of both can be read on any colour
const TEXT = 4.5;
const SHAPE = 2.2; // words stand on the shape: it need not reach the 3 of a shape that speaks alone

/** The colours that depend on the company's own, as CSS. */
export interface Palette {
  readonly fill: string;
  readonly onFill: string;
  /** The company's colour as text. */
  readonly accent: string;
}

/** Reads `#rgb` or `#rrggbb`; anything else gives `null`. */
export function parseColour(text: string): Rgb | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  const parts = long ?? short;
  if (!parts) return null;
  const channel = (at: number): number => parseInt(short ? parts[at]! + parts[at]! : parts[at]!, 16);
  return [channel(1), channel(2), channel(3)];
}

/** The contrast of two colours, from 1 (equal) to 21 (black on white). */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/**
 * Colours for a company's `colour` on a `surface`; an unreadable colour is moved until it can be read.
 *
 * `hardest` is the ground with the least contrast on which the accent stands as text.
 */
export function palette(colour: string, surface: string, hardest: string = surface): Palette {
  const own = parseColour(colour) ?? parseColour("#2f55d4")!;
  const ground = parseColour(surface)!;
  const onFill = contrast(own, WHITE) >= TEXT ? WHITE : BLACK;
  const fill = visible(own, ground, onFill);
  return { fill: css(fill), onFill: css(onFill), accent: css(readable(own, parseColour(hardest)!)) };
}

/** The colour, lifted from a dark `ground` that nearly swallows it, as far as the text on it allows. */
function visible(colour: Rgb, ground: Rgb, text: Rgb): Rgb {
  if (contrast(BLACK, ground) > contrast(WHITE, ground)) return colour;
  const steps = shades(colour, ground).filter((shade) => contrast(shade, text) >= TEXT);
  return steps.find((shade) => contrast(shade, ground) >= SHAPE) ?? steps.at(-1) ?? colour;
}

/** The colour nearest to `colour`, towards black or white, that can be read on `ground`. */
export function readable(colour: Rgb, ground: Rgb): Rgb {
  return shades(colour, ground).find((shade) => contrast(shade, ground) >= TEXT)!;
}

/** The colour in twenty steps towards black or white, whichever stands out from `ground`. */
function shades(colour: Rgb, ground: Rgb): Rgb[] {
  const target = contrast(WHITE, ground) > contrast(BLACK, ground) ? WHITE : BLACK;
  const step = (part: number): Rgb => colour.map((value, at) => Math.round(value + (target[at]! - value) * part)) as unknown as Rgb;
  return Array.from({ length: 21 }, (_, at) => step(at / 20));
}

function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function css(colour: Rgb): string {
  return "#" + colour.map((value) => value.toString(16).padStart(2, "0")).join("");
}
