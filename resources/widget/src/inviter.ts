/** Invitations to chat: when one is due by the rules of the settings, and the card that shows it. The server hears counts only. */

import { h, iconButton } from "./dom.ts";
import type { Invitation } from "./protocol.ts";
import type { Desk } from "./view/desk.ts";

const VISIT_MS = 30 * 60_000;
const CLOSED_MS = 30 * 24 * 3_600_000;
const CONTROLS = "a[href],button,input,select,textarea,summary,video,iframe,[role=button],[tabindex='0']";

/** What the browser remembers of a visit. */
export interface VisitKept {
  /** When the visitor was last here, in milliseconds since 1970. */
  at: number;
  pages: number;
  /** The page that led to the site. */
  from: string;
  /** They were here before. */
  back: boolean;
  /** They were invited, or opened the chat themselves. */
  done: boolean;
}

/** What is known of the page when rules are looked at. */
export interface Scene {
  readonly seconds: number;
  readonly address: string;
  /** How much of the page was seen, in percent. */
  readonly scroll: number;
  readonly online: boolean;
}

/** The visit as it goes on with another page at `now`; a new one after half an hour of silence. */
export function goOn(before: VisitKept | undefined, now: number, from: string, known: boolean): VisitKept {
  if (before && now - before.at < VISIT_MS) return { ...before, at: now, pages: before.pages + 1 };
  return { at: now, pages: 1, from, back: known || Boolean(before), done: false };
}

/** Whether all that a rule asks for holds. */
export function isDue(rule: Invitation, visit: VisitKept, scene: Scene): boolean {
  return (
    scene.seconds >= (rule.after ?? 0) &&
    scene.scroll >= (rule.scroll ?? 0) &&
    visit.pages >= (rule.pages ?? 0) &&
    (!rule.online || scene.online) &&
    (!rule.returning || visit.back) &&
    fits(rule.address, scene.address) &&
    fits(rule.referrer, visit.from)
  );
}

/** Whether a text is what a pattern says, in which `*` stands for any characters. */
function fits(pattern: string | undefined, text: string): boolean {
  if (!pattern) return true;
  const parts = pattern.split("*");
  let end = 0;
  return parts.every((part, at) => {
    const last = at === parts.length - 1;
    const found = last ? text.lastIndexOf(part) : text.indexOf(part, end);
    const fitting = found >= end && (at > 0 || !found) && (!last || found + part.length === text.length);
    end = found + part.length;
    return fitting;
  });
}

export class Inviter {
  /** Where screen readers hear of the card; it stands before the launcher, and so do its buttons. */
  readonly element = h("div", { role: "status" });
  readonly #desk: Desk;
  readonly #base: string;
  readonly #isFree: () => boolean;
  readonly #accept: () => void;
  readonly #focus: () => void;
  readonly #clock: number;
  #visit: VisitKept;
  #address = location.href;
  #seconds = 0;
  #shown: Invitation | null = null;
  #asked: Invitation | null = null;
  /** Something of it is different. */
  changed: () => void = () => undefined;

  /** `isFree` says whether a card may come up at all; `focus` gives the focus to what stays when the card goes. */
  constructor(desk: Desk, base: string, isFree: () => boolean, accept: () => void, focus: () => void) {
    const { keep, known } = desk.session;
    this.#desk = desk;
    this.#base = base;
    this.#isFree = isFree;
    this.#accept = accept;
    this.#focus = focus;
    this.#visit = goOn(keep.get("visit"), Date.now(), document.referrer, known);
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#clock = window.setInterval(() => this.#tick(), 1_000);
    this.#remember();
  }

  /** The visitor has opened the chat: nobody is invited on this visit any more. */
  opened(): void {
    this.#hide();
    this.#remember({ done: true });
    this.changed();
  }

  /** Somebody of the team invites the visitor: as soon as that may be. */
  ask(invitation: Invitation): void {
    this.#asked = invitation;
  }

  /** Whether the visitor may be invited, and if not, why. */
  get state(): "free" | "invited" | "closed" {
    const { keep } = this.#desk.session;
    if (Date.now() - (keep.get("refused") ?? 0) < CLOSED_MS) return "closed";
    return keep.get("visit")?.done ? "invited" : "free";
  }

  #remember(more: Partial<VisitKept> = {}): void {
    this.#visit = { ...this.#visit, ...more, at: Date.now() };
    this.#desk.session.keep.put({ visit: this.#visit });
  }

  #tick(): void {
    const { keep, settings, online } = this.#desk.session;
    if (!this.element.isConnected) return window.clearInterval(this.#clock);
    if (document.hidden || this.#shown) return;
    this.#seconds += 1;
    const kept = keep.get("visit"); // another tab may have gone on with it
    if (location.href !== this.#address) {
      this.#address = location.href;
      this.#seconds = 0;
      this.#visit = goOn(kept, Date.now(), "", true);
      this.#remember();
    } else if (this.#seconds % 60 === 0) this.#remember({ done: Boolean(kept?.done) });
    if (this.state !== "free" || !this.#isFree()) return;
    const scene = {
      online,
      seconds: this.#seconds,
      address: location.pathname + location.search,
      scroll: (100 * (scrollY + innerHeight)) / document.documentElement.scrollHeight,
    };
    const due = this.#asked ?? settings.invitations?.find((one) => isDue(one, this.#visit, scene));
    if (due) this.#show(due);
  }

  #show(invitation: Invitation): void {
    const { words } = this.#desk;
    const main = h("button", { type: "button", class: "main", onclick: () => this.#taken(invitation) }, words.say("start"));
    const close = iconButton("close", words.say("noThanks"), () => this.#close());
    const text = h("p", { dir: "auto" }, invitation.text);
    this.element.replaceChildren(h("div", { class: "invite" }, h("div", { class: "row" }, text, close), main));
    if (this.#coversControls()) return this.element.replaceChildren();
    this.#shown = invitation;
    this.#remember({ done: true });
    this.#count("shown");
  }

  /** Whether something of the page that can be used lies below the card: then it waits. */
  #coversControls(): boolean {
    const { left, top, width, height } = this.element.firstElementChild!.getBoundingClientRect();
    const steps = [0.02, 0.26, 0.5, 0.74, 0.98];
    return steps.some((x) =>
      steps.some((y) => document.elementsFromPoint(left + x * width, top + y * height).some((one) => one.closest(CONTROLS))),
    );
  }

  #taken(invitation: Invitation): void {
    this.#count("accepted");
    this.#desk.session.invite(invitation);
    this.#hide();
    this.#accept();
  }

  #close(): void {
    this.#desk.session.keep.put({ refused: Date.now() });
    this.#count("closed");
    const had = this.element.contains((this.element.getRootNode() as ShadowRoot).activeElement);
    this.#hide();
    if (had) this.#focus();
  }

  #hide(): void {
    this.#shown = null;
    this.element.replaceChildren();
  }

  #key(event: KeyboardEvent): void {
    event.stopPropagation(); // keys that are pressed here are no shortcuts of the page
    if (event.key === "Escape") this.#close();
  }

  #count(what: string): void {
    const body = JSON.stringify({ id: this.#shown!.id, what });
    this.changed();
    if (this.#shown === this.#asked) return; // nothing is counted of what one person asks another
    void fetch(`${this.#base}/invitation`, { method: "POST", body, credentials: "omit", keepalive: true }).catch(() => undefined);
  }
}
