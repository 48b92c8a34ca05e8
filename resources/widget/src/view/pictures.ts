/** Pictures are drawn on a canvas: a page's policy for `img` need not name the server, and nothing is left to run. */

import { h } from "../dom.ts";

const HEAVIEST = 12_000_000;

/** The picture at `address`, at most `side` CSS pixels high and wide; `null` when there is none. */
export async function drawPicture(address: string, side: number): Promise<HTMLCanvasElement | null> {
  try {
    const response = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
    const blob = await response.blob();
    if (!response.ok || blob.size > HEAVIEST) return null;
    return draw(await createImageBitmap(blob), side);
  } catch {
    return null;
  }
}

function draw(picture: ImageBitmap, side: number): HTMLCanvasElement {
  const sharp = side * Math.min(2, window.devicePixelRatio);
  const scale = Math.min(1, sharp / Math.max(picture.width, picture.height));
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  });
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return canvas;
}
