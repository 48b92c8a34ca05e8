/** The widget behind its launcher: the session, the panel, invitations, and what the browser tells. */

import { Inviter } from "./inviter.ts";
import { Keep, pageStorage } from "./keep.ts";
import type { Launcher } from "./launcher.ts";
import { Chime, showInTitle } from "./notice.ts";
import { Presence } from "./presence.ts";
import type { Settings } from "./protocol.ts";
import { Session } from "./session.ts";
import type { Tag } from "./tag.ts";
import { Words } from "./texts/index.ts";
import type { Desk } from "./view/desk.ts";
import { Panel } from "./view/panel.ts";

export class App {
  readonly #tag: Tag;
  readonly #desk: Desk;
  readonly #launcher: Launcher;
  readonly #chime = new Chime();
  readonly #gone = new AbortController();
  #panel: Panel | null = null;
  #inviter: Inviter | null = null;
  #drawing = false;

  constructor(tag: Tag, settings: Settings, launcher: Launcher) {
    this.#tag = tag;
    this.#launcher = launcher;
    const words = new Words(settings.language ?? "en", settings.words);
    this.#desk = { session: this.#session(settings, words.language), words, server: tag.server };
    this.#listen();
    if (this.#desk.session.known) this.#desk.session.connect();
    this.#invite();
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

  #listen(): void {
    const { session } = this.#desk;
    const { signal } = this.#gone;
    const wake = (): void => {
      session.wake();
      this.#soon();
    };
    document.addEventListener("visibilitychange", () => this.#turned(wake), { signal });
    window.addEventListener("online", wake, { signal });
    window.addEventListener("offline", () => session.doubt(), { signal });
    window.addEventListener("pagehide", () => session.rest(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && session.known && session.connect(), { signal });
    window.addEventListener("storage", (event) => session.keep.concerns(event.key) && this.#elsewhere(), { signal });
    window.addEventListener("popstate", () => session.visit(), { signal });
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

  /** Invites the visitor when it is time, where the company has invitations. */
  #invite(): void {
    const { session } = this.#desk;
    const seen = session.settings.can.includes("presence");
    if (!session.settings.invitations?.length && !seen) return;
    const { base, script } = this.#tag;
    const isFree = (): boolean => !session.blocked && !session.unread && !session.going && !this.#isOpen;
    const inviter = new Inviter(this.#desk, base, isFree, () => this.#open(true), () => this.#launcher.focus());
    this.#launcher.dress();
    this.#inviter = inviter;
    this.#launcher.root.prepend(inviter.element);
    if (!seen) return;
    const state = (): string => (session.going || this.#isOpen ? "chat" : inviter.state);
    const presence = new Presence({ session, base, script, signal: this.#gone.signal, state, invite: (one) => inviter.ask(one) });
    inviter.changed = () => presence.report();
  }

  // --- look ---

  /** Keeps the panel above the keyboard of a phone. */
  #fit(): void {
    const view = window.visualViewport;
    if (!view) return;
    this.#launcher.root.style.setProperty("--top", `${view.offsetTop}px`);
    this.#launcher.root.style.setProperty("--height", `${view.height}px`);
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
    const name = open ? words.say("minimise") : unread ? words.say("openNew", { n: unread }) : words.say("open");
    this.#launcher.draw({ open, unread: unread ? words.number(unread) : "", name }); // a browser's first number in a language is dear
    showInTitle(unread);
  }

  #arrived(): void {
    if (!this.#desk.session.keep.get("silent") && (document.hidden || !this.#isOpen)) this.#chime.ring();
  }

  // --- open and closed ---

  get #isOpen(): boolean {
    return this.#launcher.root.classList.contains("open");
  }

  /** The visitor has tapped the launcher. */
  toggle(): void {
    window.setTimeout(() => this.#chime.prepare()); // dear, and nothing rings before the panel stands
    if (this.#isOpen) this.#minimise();
    else this.#open(true);
  }

  #open(byVisitor: boolean): void {
    const { session } = this.#desk;
    this.#fit(); // asks for measures: before anything of the page is different
    this.#inviter?.opened();
    this.#launcher.dress();
    this.#panel ??= new Panel(this.#desk, () => this.#minimise());
    this.#launcher.root.classList.add("open");
    this.#launcher.root.prepend(this.#panel.element);
    this.#draw();
    if (byVisitor) this.#panel.opened();
    this.#wasOpen = true;
    window.setTimeout(() => this.#isOpen && session.connect()); // behind the panel's first picture
  }

  #minimise(): void {
    this.#launcher.root.classList.remove("open");
    this.#panel?.element.remove();
    this.#wasOpen = false;
    this.#draw();
    this.#launcher.focus();
  }

  /** The server will not have this page: the widget goes away. */
  #leave(): void {
    this.#gone.abort();
    showInTitle(0);
    this.#launcher.remove();
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
