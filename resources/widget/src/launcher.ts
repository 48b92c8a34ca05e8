/** The button on the page. It stands, and listens, before anything else of the widget is made. */

import { palette } from "./colour.ts";
import { h, icon, set } from "./dom.ts";
import type { Settings } from "./protocol.ts";
import { dress, FIRST, REST } from "./style.ts";
import type { Tag } from "./tag.ts";
import { isRightToLeft } from "./texts/index.ts";

export const HOST = "agentdesk-chat";

// Surface and bubble, as in the style sheet.
const LIGHT = ["#ffffff", "#f0f2f6"] as const;
const DARK = ["#1e2128", "#2a2e37"] as const;

/** How the launcher is to be drawn. */
export interface Face {
  readonly open: boolean;
  /** The number of unread messages as text; empty: none. */
  readonly unread: string;
  readonly name: string;
}

export class Launcher {
  /** What stands in the page: the panel and the invitations find their place in it. */
  readonly root = h("div", { class: "root" });
  readonly #host = document.createElement(HOST);
  readonly #shadow = this.#host.attachShadow({ mode: "open" });
  readonly #button: HTMLButtonElement;
  readonly #badge = h("span", { class: "badge", "aria-hidden": "true" });
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #repaint = (): void => this.#paint();
  readonly #look: { readonly theme: string; readonly colour: string };
  readonly #nonce: string | null;
  #dressed = false;

  /** `tapped` is called for each tap, click, or key that stands for one. */
  constructor(tag: Tag, settings: Settings, language: string, name: string, tapped: () => void) {
    this.#look = { theme: tag.theme ?? settings.theme, colour: settings.colour };
    this.#nonce = tag.nonce;
    this.#button = h("button", { type: "button", class: "launcher", "aria-haspopup": "dialog", onclick: tapped });
    set(this.root, "dir", isRightToLeft(language) ? "rtl" : "ltr");
    set(this.root, "lang", language);
    this.root.classList.toggle("start", (tag.position ?? settings.position) === "start");
    this.root.append(this.#button);
    this.#paint();
    this.#scheme.addEventListener("change", this.#repaint);
    this.draw({ open: false, unread: "", name });
    dress(this.#shadow, FIRST, this.#nonce);
    this.#shadow.append(this.root);
    document.body.append(this.#host);
  }

  /** Brings the style sheet of what stands beside the launcher, which most visitors never see. */
  dress(): void {
    if (!this.#dressed) dress(this.#shadow, REST, this.#nonce);
    this.#dressed = true;
  }

  draw({ open, unread, name }: Face): void {
    this.#badge.textContent = unread;
    set(this.#button, "aria-label", name);
    set(this.#button, "aria-expanded", String(open));
    const state = open ? "open" : unread ? "unread" : "closed";
    if (this.#button.dataset["state"] === state) return;
    this.#button.dataset["state"] = state;
    this.#button.replaceChildren(icon(open ? "down" : "chat"), ...(state === "unread" ? [this.#badge] : []));
  }

  focus(): void {
    this.#button.focus();
  }

  /** Takes everything of the widget out of the page. */
  remove(): void {
    this.#scheme.removeEventListener("change", this.#repaint);
    this.#host.remove();
  }

  #paint(): void {
    const { theme, colour } = this.#look;
    const dark = theme === "dark" || (theme !== "light" && this.#scheme.matches);
    const [surface, bubble] = dark ? DARK : LIGHT;
    const colours = palette(colour, surface, bubble);
    this.root.classList.toggle("dark", dark);
    this.root.style.setProperty("--fill", colours.fill);
    this.root.style.setProperty("--on-fill", colours.onFill);
    this.root.style.setProperty("--accent", colours.accent);
  }
}
