/** What every part of the view needs. */

import { h, say } from "../dom.ts";
import { type Session } from "../session.ts";
import type { Words } from "../texts/index.ts";
import { drawFace } from "./pictures.ts";

export interface Desk {
  readonly session: Session;
  readonly words: Words;
  /** Origin of the server; nothing is loaded from anywhere else. */
  readonly server: string;
}

/** A part of the panel that can be brought up to date. */
export interface View {
  readonly element: HTMLElement;
  update(): void;
}

/** The picture of somebody, or the first letters of the name until it is there. */
export function face(desk: Desk, name: string, picture: string | null, small = false): HTMLElement {
  const element = h("span", { class: small ? "face small" : "face", "aria-hidden": "true" }, initials(name));
  const address = picture && URL.canParse(picture, desk.server) ? new URL(picture, desk.server) : null;
  if (address?.origin === desk.server) {
    void drawFace(address.href, 64).then((canvas) => canvas && element.replaceChildren(canvas));
  }
  return element;
}

/** Lets a text area grow with its text. */
export function grow(area: HTMLTextAreaElement): void {
  area.style.height = "";
  if (area.value) area.style.height = `${area.scrollHeight + 2}px`;
}

/** Shows what is wrong with a field, or that nothing is. */
export function complain(field: HTMLElement, hint: HTMLElement, text: string): void {
  say(hint, text);
  hint.hidden = !text;
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

export function isMail(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(text);
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}
