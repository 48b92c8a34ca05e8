/** Tells the server where a visitor is who agreed to that, and hears whether somebody of the team invites them. */

import type { Invitation } from "./protocol.ts";
import { newId, type Session } from "./session.ts";

const VISIT_MS = 30 * 60_000;

/** What the browser remembers of somebody who agreed. */
export interface GuestKept {
  readonly key: string;
  readonly at: number;
  /** They were here before. */
  readonly back: boolean;
}

export interface Wishes {
  readonly session: Session;
  readonly base: string;
  /** The script's own tag: `data-consent` says whether the visitor agrees, and may change at any time. */
  readonly script: HTMLElement;
  readonly signal: AbortSignal;
  /** Whether the visitor may be invited: `free`, `invited`, `closed` or `chat`. */
  readonly state: () => string;
  readonly invite: (invitation: Invitation) => void;
}

export class Presence {
  readonly #wishes: Wishes;
  #timer: number | undefined;

  constructor(wishes: Wishes) {
    this.#wishes = wishes;
    const { script, signal } = wishes;
    const observer = new MutationObserver(() => this.report());
    observer.observe(script, { attributes: true, attributeFilter: ["data-consent"] });
    signal.addEventListener("abort", () => (observer.disconnect(), window.clearTimeout(this.#timer)));
    document.addEventListener("visibilitychange", () => this.report(), { signal });
    window.addEventListener("pagehide", () => this.#leave(), { signal });
    this.report();
  }

  /** Tells how it stands, now and from time to time while the page is in sight; where the visitor agrees no more, that. */
  report(): void {
    const { session, state } = this.#wishes;
    window.clearTimeout(this.#timer);
    if (!this.#agreed) return this.#withdraw();
    if (document.hidden) return;
    const { key, back } = this.#guest();
    const { url, title, referrer } = session.here();
    const more = { returning: back, state: state(), token: session.keep.get("token") ?? null };
    void this.#post({ key, page: { url, title, referrer }, language: session.language, time_zone: session.timeZone, ...more }).then((told) => {
      if (told?.invitation && this.#agreed) this.#wishes.invite(told.invitation);
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.report(), (told?.next ?? 120) * 1_000);
    });
  }

  get #agreed(): boolean {
    return this.#wishes.script.dataset["consent"] === "true" && !this.#wishes.signal.aborted;
  }

  #guest(): GuestKept {
    const { keep, known } = this.#wishes.session;
    const before = keep.get("guest");
    const now = Date.now();
    const same = before && now - before.at < VISIT_MS;
    const guest = { key: same ? before.key : newId(), at: now, back: same ? before.back : Boolean(before) || known };
    keep.put({ guest });
    return guest;
  }

  #withdraw(): void {
    const { keep } = this.#wishes.session;
    const key = keep.get("guest")?.key;
    if (!key) return;
    keep.put({ guest: null });
    void this.#post({ key, gone: true });
  }

  #leave(): void {
    const key = this.#wishes.session.keep.get("guest")?.key;
    if (key && this.#agreed) void this.#post({ key, leaving: true });
  }

  async #post(here: object): Promise<{ next?: number; invitation?: Invitation | null } | null> {
    try {
      const response = await fetch(`${this.#wishes.base}/here`, { method: "POST", body: JSON.stringify(here), credentials: "omit", keepalive: true });
      return response.ok ? ((await response.json()) as { next?: number }) : null;
    } catch {
      return null;
    }
  }
}
