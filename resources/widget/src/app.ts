/** The widget on the page: the launcher, the panel behind it, and what the browser tells. */

import { palette } from "./colour.ts";
import { h, icon, set } from "./dom.ts";
import { Keep, pageStorage } from "./keep.ts";
import { Chime, showInTitle } from "./notice.ts";
import type { Settings } from "./protocol.ts";
import { Session } from "./session.ts";
import { STYLE } from "./style.ts";
import type { Tag } from "./tag.ts";
import { chooseLanguage, Words } from "./texts/index.ts";
import type { Desk } from "./view/desk.ts";
import { Panel } from "./view/panel.ts";

// Surface and bubble, as in the style sheet.
const LIGHT = ["#ffffff", "#f0f2f6"] as const;
const DARK = ["#1e2128", "#2a2e37"] as const;

export class App {
  readonly #tag: Tag;
  readonly #desk: Desk;
  readonly #host = document.createElement("agentdesk-chat");
  readonly #root = h("div", { class: "root" });
  readonly #launcher: HTMLButtonElement;
  readonly #badge = h("span", { class: "badge", "aria-hidden": "true" });
  readonly #chime = new Chime();
  readonly #scheme = matchMedia("(prefers-color-scheme: dark)");
  readonly #gone = new AbortController();
  #panel: Panel | null = null;
  #drawing = false;

  constructor(tag: Tag, settings: Settings) {
    this.#tag = tag;
    const wishes = [tag.language, document.documentElement.lang, ...navigator.languages];
    const words = new Words(chooseLanguage(wishes, settings.languages));
    this.#desk = { session: this.#session(settings, words.language), words, server: tag.server };
    this.#launcher = h("button", { type: "button", class: "launcher", "aria-haspopup": "dialog", onclick: () => this.#toggle() });
    set(this.#root, "dir", words.direction);
    set(this.#root, "lang", words.language);
    this.#root.classList.toggle("start", (tag.position ?? settings.position) === "start");
    this.#root.append(this.#launcher);
    this.#attach();
    this.#listen();
    this.#paint();
    if (this.#desk.session.known) this.#desk.session.connect();
    if (tag.open || this.#wasOpen) this.#open(false);
    this.#draw();
  }

  #session(settings: Settings, language: string): Session {
    const { widget, base, identity } = this.#tag;
    const keep = new Keep(widget, pageStorage());
    const user = String(identity?.user_id ?? "");
    if ((keep.get("user") ?? "") !== user && keep.get("token")) keep.forgetSession();
    keep.put({ user });
    const session = new Session({ base, settings, keep, language, identity });
    session.changed = () => this.#soon();
    session.arrived = () => this.#arrived();
    session.left = () => this.#leave();
    return session;
  }

  #attach(): void {
    const shadow = this.#host.attachShadow({ mode: "open" });
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      shadow.adoptedStyleSheets = [sheet];
    } catch {
      shadow.append(h("style", { nonce: this.#tag.nonce }, STYLE)); // browsers without constructed style sheets
    }
    shadow.append(this.#root);
    document.body.append(this.#host);
  }

  #listen(): void {
    const { session } = this.#desk;
    const { signal } = this.#gone;
    const wake = (): void => {
      session.wake();
      this.#soon();
    };
    document.addEventListener("visibilitychange", () => this.#turned(wake), { signal });
    window.addEventListener("online", wake, { signal });
    window.addEventListener("pagehide", () => session.rest(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && session.known && session.connect(), { signal });
    window.addEventListener("storage", (event) => session.keep.concerns(event.key) && this.#elsewhere(), { signal });
    window.addEventListener("popstate", () => session.visit(), { signal });
    this.#scheme.addEventListener("change", () => this.#paint(), { signal });
    window.visualViewport?.addEventListener("resize", () => this.#fit(), { signal });
    window.visualViewport?.addEventListener("scroll", () => this.#fit(), { signal });
  }

  /** The page came into sight or went out of it: what is to be drawn is drawn in either case. */
  #turned(wake: () => void): void {
    if (!document.hidden) wake();
    this.#draw();
  }

  /** Another tab has done something: it may have begun the session, or read what is here. */
  #elsewhere(): void {
    if (this.#desk.session.known) this.#desk.session.connect();
    this.#soon();
  }

  // --- look ---

  #paint(): void {
    const theme = this.#tag.theme ?? this.#desk.session.settings.theme;
    const dark = theme === "dark" || (theme !== "light" && this.#scheme.matches);
    const [surface, bubble] = dark ? DARK : LIGHT;
    const colours = palette(this.#desk.session.settings.colour, surface, bubble);
    this.#root.classList.toggle("dark", dark);
    this.#root.style.setProperty("--fill", colours.fill);
    this.#root.style.setProperty("--on-fill", colours.onFill);
    this.#root.style.setProperty("--accent", colours.accent);
  }

  /** Keeps the panel above the keyboard of a phone. */
  #fit(): void {
    const view = window.visualViewport;
    if (!view) return;
    this.#root.style.setProperty("--top", `${view.offsetTop}px`);
    this.#root.style.setProperty("--height", `${view.height}px`);
  }

  /** Draws once before the next picture of the screen, however much has changed. */
  #soon(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    const draw = (): void => {
      this.#drawing = false;
      this.#draw();
    };
    if (document.hidden) window.setTimeout(draw); // a hidden page gets no frames, and its title still counts
    else requestAnimationFrame(draw);
  }

  #draw(): void {
    const { session, words } = this.#desk;
    const open = this.#isOpen;
    session.visit();
    if (open) this.#panel?.update();
    const { unread } = session;
    this.#badge.textContent = unread.toLocaleString(words.language);
    const name = open ? words.say("minimise") : unread ? words.say("openNew", { n: unread }) : words.say("open");
    set(this.#launcher, "aria-label", name);
    set(this.#launcher, "aria-expanded", String(open));
    const state = open ? "open" : unread ? "unread" : "closed";
    if (this.#launcher.dataset["state"] !== state) {
      this.#launcher.dataset["state"] = state;
      this.#launcher.replaceChildren(icon(open ? "down" : "chat"), ...(state === "unread" ? [this.#badge] : []));
    }
    showInTitle(unread);
  }

  #arrived(): void {
    if (!this.#desk.session.keep.get("silent") && (document.hidden || !this.#isOpen)) this.#chime.ring();
  }

  // --- open and closed ---

  get #isOpen(): boolean {
    return this.#root.classList.contains("open");
  }

  #toggle(): void {
    this.#chime.prepare();
    if (this.#isOpen) this.#minimise();
    else this.#open(true);
  }

  #open(byVisitor: boolean): void {
    const { session } = this.#desk;
    this.#panel ??= new Panel(this.#desk, () => this.#minimise());
    this.#root.classList.add("open");
    this.#root.prepend(this.#panel.element);
    this.#wasOpen = true;
    session.connect();
    this.#fit();
    this.#draw();
    if (byVisitor) this.#panel.opened();
  }

  #minimise(): void {
    this.#root.classList.remove("open");
    this.#panel?.element.remove();
    this.#wasOpen = false;
    this.#draw();
    this.#launcher.focus();
  }

  /** The server will not have this page: the widget goes away. */
  #leave(): void {
    this.#gone.abort();
    showInTitle(0);
    this.#host.remove();
  }

  /** Whether the panel was open on the page before, in this tab. */
  get #wasOpen(): boolean {
    try {
      return sessionStorage.getItem(`agentdesk:${this.#tag.widget}:open`) === "1";
    } catch {
      return false;
    }
  }

  set #wasOpen(open: boolean) {
    try {
      sessionStorage.setItem(`agentdesk:${this.#tag.widget}:open`, open ? "1" : "0");
    } catch {
      // storage is closed: the next page begins with the launcher
    }
  }
}
