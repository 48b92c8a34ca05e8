/** Pictures are drawn on a canvas: a page's policy for `img` need not name the server, and nothing is left to run. */

import { h } from "../dom.ts";

const HEAVIEST = 12_000_000;
const known = new Map<string, Promise<ImageBitmap | null>>();

/** The picture at `address`, at most `side` CSS pixels high and wide; `null` when there is none. */
export async function drawPicture(address: string, side: number): Promise<HTMLCanvasElement | null> {
  const picture = await load(address);
  const canvas = picture && draw(picture, side);
  picture?.close();
  return canvas;
}

/** The same of somebody, who is shown in many places: it is loaded once. */
export async function drawFace(address: string, side: number): Promise<HTMLCanvasElement | null> {
  const loading = known.get(address) ?? load(address);
  known.set(address, loading);
  const picture = await loading;
  if (!picture) known.delete(address);
  return picture && draw(picture, side);
}

async function load(address: string): Promise<ImageBitmap | null> {
  try {
    const response = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
    const blob = await response.blob();
    return response.ok && blob.size <= HEAVIEST ? await createImageBitmap(blob) : null;
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
  return canvas;
}
