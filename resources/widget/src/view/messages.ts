/** The messages, as a log that screen readers follow. */

import { h, icon, set } from "../dom.ts";
import type { IconName } from "../icons.ts";
import { hostOf, linkParts } from "../links.ts";
import type { LineFile } from "../protocol.ts";
import type { Fate, Shown } from "../session.ts";
import type { Key } from "../texts/index.ts";
import type { Desk, View } from "./desk.ts";
import { face } from "./desk.ts";
import { drawPicture } from "./pictures.ts";

const NEAR = 60;
const FATES: Readonly<Record<Exclude<Fate, "failed">, readonly [IconName, Key]>> = {
  sending: ["clock", "sending"],
  delivered: ["sent", "delivered"],
  read: ["arrived", "read"],
};

export class Messages implements View {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #list = h("ol", { class: "log" });
  readonly #typing: HTMLElement;
  readonly #older: HTMLButtonElement;
  readonly #items = new Map<string, { element: HTMLLIElement; state: string }>();
  #first = "";

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#older = h("button", { type: "button", class: "plain", onclick: () => desk.session.older() }, desk.words.say("older"));
    this.#typing = h("p", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    const named = { role: "log", "aria-label": desk.words.say("chat", { name: desk.session.settings.name }), tabindex: 0 };
    this.element = h("div", { class: "body", ...named, onscroll: () => this.#seen() }, this.#older, this.#list, this.#typing);
  }

  update(): void {
    const { session } = this.#desk;
    const atEnd = this.#atEnd();
    const messages = session.messages();
    const height = this.element.scrollHeight;
    const before = Boolean(this.#first && messages[0] && messages[0].id !== this.#first);
    set(this.element, "aria-busy", before || !session.welcomed ? "true" : "false");
    this.#first = messages[0]?.id ?? "";
    this.#older.hidden = session.log.complete || !session.log.oldest;
    this.#arrange(messages);
    this.#typing.hidden = !session.typing;
    if (atEnd) this.toEnd();
    else if (before) this.element.scrollTop += this.element.scrollHeight - height;
  }

  toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
    this.#seen();
  }

  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  #seen(): void {
    if (this.#atEnd() && !document.hidden && this.element.clientHeight) this.#desk.session.read();
  }

  #arrange(messages: readonly Shown[]): void {
    const wanted = new Set(messages.map((one) => one.id));
    for (const [id, item] of this.#items) {
      if (!wanted.has(id)) item.element.remove(), this.#items.delete(id);
    }
    messages.forEach((one, at) => {
      const item = this.#item(one, messages[at - 1], messages[at + 1]);
      if (this.#list.children[at] !== item) this.#list.insertBefore(item, this.#list.children[at] ?? null);
    });
  }

  /** The element of a message, made anew only when something of it has changed. */
  #item(one: Shown, before: Shown | undefined, after: Shown | undefined): HTMLLIElement {
    const newDay = new Date(one.at).toDateString() !== new Date(before?.at ?? 0).toDateString();
    const last = !after || after.from !== one.from || after.agent?.name !== one.agent?.name || after.fate === "failed";
    const state = JSON.stringify([one, newDay, last]);
    const known = this.#items.get(one.id);
    if (known?.state === state) return known.element;
    const element = this.#make(one, newDay, last);
    known?.element.replaceWith(element);
    this.#items.set(one.id, { element, state });
    return element;
  }

  #make(one: Shown, newDay: boolean, last: boolean): HTMLLIElement {
    const { words } = this.#desk;
    const item = h("li", { class: one.from === "visitor" ? "mine" : one.from });
    if (newDay && new Date(one.at) < startOfToday()) item.append(h("p", { class: "note" }, words.day(one.at)));
    if (one.from === "system") {
      const end = one.ended && [words.say("ended"), one.agent?.name, words.time(one.at)].filter(Boolean).join(" · ");
      item.append(...(end ? [end] : text(one.text)));
      return item;
    }
    item.append(h("span", { class: "unseen" }, `${this.#author(one)}: `));
    if (one.deleted) item.append(h("p", { class: "note" }, words.say("deleted")));
    if (one.text) item.append(h("p", { class: "bubble" }, ...text(one.text)));
    for (const file of one.files) item.append(this.#file(file));
    if (one.fate === "failed") item.append(...this.#failed(one));
    else if (last) item.append(this.#foot(one, one.fate));
    return item;
  }

  #author(one: Shown): string {
    return one.from === "visitor" ? this.#desk.words.say("you") : (one.agent?.name ?? this.#desk.session.settings.name);
  }

  #foot(one: Shown, fate: keyof typeof FATES): HTMLElement {
    const { words } = this.#desk;
    const time = h("bdi", {}, words.time(one.at)); // names and times have directions of their own
    const edited = one.edited && h("span", {}, ` · ${words.say("edited")}`);
    if (one.from === "agent") {
      const author = this.#author(one);
      const picture = face(this.#desk, author, one.agent?.picture ?? null, true);
      return h("p", { class: "foot" }, picture, h("span", {}, h("bdi", {}, author), " · ", time, edited));
    }
    const [sign, said] = FATES[fate];
    const gone = one.progress ? ` ${words.percent(one.progress)}` : "";
    return h("p", { class: "foot" }, h("span", {}, time, edited, ` · ${words.say(said)}${gone}`), icon(sign));
  }

  #failed(one: Shown): HTMLElement[] {
    const { session, words } = this.#desk;
    const retry = h("button", { type: "button", onclick: () => session.retry(one.id) }, words.say("notSent"));
    const discard = h("button", { type: "button", onclick: () => session.takeBack(one.id) }, words.say("discard"));
    const foot = h("p", { class: "foot failed" }, icon("alert"), retry, discard);
    return one.why === "media_type" ? [h("p", { class: "bad" }, words.say("badKind")), foot] : [foot];
  }

  #file(file: LineFile): HTMLElement {
    const { words, server } = this.#desk;
    const chip = [icon("file"), h("span", {}, file.name, h("span", { class: "note" }, words.size(file.size)))];
    const address = file.url && URL.canParse(file.url, server) ? new URL(file.url, server) : null;
    if (address?.origin !== server) return h("span", { class: "attached chip" }, ...chip);
    const link = h("a", { class: "attached chip", href: address.href, download: file.name, target: "_blank", rel: "noopener noreferrer" }, ...chip);
    if (file.picture) void this.#picture(link, address.href, file.name);
    return link;
  }

  async #picture(link: HTMLAnchorElement, address: string, name: string): Promise<void> {
    const canvas = await drawPicture(address, 280);
    if (!canvas) return;
    const atEnd = this.#atEnd();
    link.className = "attached picture";
    link.setAttribute("aria-label", this.#desk.words.say("picture", { name }));
    link.replaceChildren(canvas);
    if (atEnd) this.toEnd();
  }
}

/** Text with its addresses as links; where letters of a host could deceive, the true name stands beside. */
function text(written: string): (Node | string)[] {
  return linkParts(written).flatMap(({ text, href }) => {
    if (!href) return [text];
    const link = h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
    const host = hostOf(href);
    return host && !text.toLowerCase().includes(host) ? [link, ` (${host})`] : [link];
  });
}

function startOfToday(): Date {
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  return today;
}
