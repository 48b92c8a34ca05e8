/** The messages, as a log that screen readers follow. */

import { h, icon, iconButton, place, set } from "../dom.ts";
import type { IconName } from "../icons.ts";
import { hostOf, linkParts, webAddress } from "../links.ts";
import type { Card, LineFile } from "../protocol.ts";
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

type Parts = ReadonlyMap<string, readonly Node[]>;
/** Gives the nodes that were made for the same `what` before, or makes them. */
type Part = (what: unknown, make: () => (Node | string)[]) => readonly Node[];

export class Messages implements View {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #list = h("ol", { class: "log" });
  readonly #typing: HTMLElement;
  readonly #older: HTMLButtonElement;
  readonly #items = new Map<string, { element: HTMLLIElement; state: string; parts: Parts }>();
  #first = "";
  #writer = "";

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#older = h("button", { type: "button", class: "plain", onclick: () => desk.session.older() }, desk.words.say("older"));
    this.#typing = h("p", { class: "dots", "aria-hidden": "true" });
    const named = { role: "log", "aria-label": desk.words.say("chat", { name: desk.session.settings.name }), tabindex: 0 };
    this.element = h("div", { class: "body", ...named, onscroll: () => this.#seen() }, this.#older, this.#list, this.#typing);
  }

  update(): void {
    const { session } = this.#desk;
    const empty = !this.#items.size; // measuring is dear while a panel is made
    const atEnd = empty || this.#atEnd();
    const messages = session.messages();
    const height = empty ? 0 : this.element.scrollHeight;
    const before = Boolean(this.#first && messages[0] && messages[0].id !== this.#first);
    set(this.element, "aria-busy", before || !session.welcomed ? "true" : "false");
    this.#first = messages[0]?.id ?? "";
    const focused = this.#focused();
    this.#older.hidden = session.log.complete || !session.log.oldest;
    this.#arrange(messages);
    if (focused) this.#keepFocus(focused);
    this.#showTyping();
    if (atEnd && messages.length) this.toEnd();
    else if (before) this.element.scrollTop += this.element.scrollHeight - height;
  }

  /** What has the focus in here. */
  #focused(): HTMLElement | null {
    const active = (this.element.getRootNode() as ShadowRoot).activeElement as HTMLElement | null;
    return this.element.contains(active) ? active : null;
  }

  /** Who uses the keyboard stays in the log, even where the button that was pressed has gone. */
  #keepFocus(focused: HTMLElement): void {
    const target = focused.isConnected && !focused.hidden ? focused : this.element;
    if (this.#focused() !== target) target.focus({ preventScroll: true });
  }

  /** Three dots, beside whoever types where it is known. */
  #showTyping(): void {
    const { typing } = this.#desk.session;
    this.#typing.hidden = !typing;
    const who = JSON.stringify(typing);
    if (!typing || who === this.#writer) return;
    this.#writer = who;
    const dots = [0, 1, 2].map(() => h("i"));
    this.#typing.replaceChildren(...(typing.name ? [face(this.#desk, typing.name, typing.picture, true)] : []), ...dots);
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
    for (const id of this.#items.keys()) {
      if (!wanted.has(id)) this.#items.delete(id);
    }
    const open = messages.map((one) => one.from === "visitor" || one.remark === "ended").lastIndexOf(true);
    const items = messages.map((one, at) => {
      if (at < open && one.choices.length) one = { ...one, choices: [] }; // an answer was given
      return this.#item(one, messages[at - 1], messages[at + 1]);
    });
    place(this.#list, items);
  }

  /** The element of a message. It stays the same one, and so do those parts of it that say what they said. */
  #item(one: Shown, before: Shown | undefined, after: Shown | undefined): HTMLLIElement {
    const newDay = new Date(one.at).toDateString() !== new Date(before?.at ?? 0).toDateString();
    const last = !after || after.from !== one.from || after.agent?.name !== one.agent?.name || after.fate === "failed";
    const state = JSON.stringify([one, newDay, last]);
    const known = this.#items.get(one.id);
    if (known?.state === state) return known.element;
    const element = known?.element ?? h("li", { class: one.from === "visitor" ? "mine" : one.from });
    const parts = new Map<string, readonly Node[]>();
    const part: Part = (what, make) => {
      const key = JSON.stringify(what);
      const nodes = known?.parts.get(key) ?? make().map((node) => (typeof node === "string" ? new Text(node) : node));
      parts.set(key, nodes);
      return nodes;
    };
    place(element, this.#draw(one, newDay, last, part));
    this.#items.set(one.id, { element, state, parts });
    return element;
  }

  /** What a message consists of; whatever can have the focus is a `part`. */
  #draw(one: Shown, newDay: boolean, last: boolean, part: Part): Node[] {
    const { words } = this.#desk;
    const nodes: Node[] = [];
    if (newDay && new Date(one.at) < startOfToday()) nodes.push(h("p", { class: "note" }, words.day(one.at)));
    if (one.from === "system") {
      const name = one.agent?.name ?? "";
      const said = one.remark && [words.say(one.remark, { name }), one.remark === "ended" && name, words.time(one.at)].filter(Boolean).join(" · ");
      return [...nodes, ...part([said, one.text], () => (said ? [said] : text(one.text)))];
    }
    nodes.push(h("span", { class: "unseen" }, `${this.#author(one)}: `));
    if (one.deleted) nodes.push(h("p", { class: "note" }, words.say("deleted")));
    const files = one.files.flatMap((file, at) => part([at, file], () => [this.#file(file)]));
    const said = part(["said", one.text, one.revisable], () => [
      h("div", { class: "said" }, one.revisable && this.#changes(one), one.text && h("p", { class: "bubble" }, ...text(one.text))),
    ]);
    nodes.push(...(one.text ? [...said, ...files] : [...files, ...said]), ...one.cards.flatMap((of, at) => part([at, of], () => card(of))));
    if (one.fate === "failed") nodes.push(...part(["failed", one.why], () => this.#failed(one)));
    else if (last) nodes.push(this.#foot(one, one.fate));
    if (one.choices.length) nodes.push(...part({ choices: one.choices }, () => [this.#choices(one.choices)]));
    return nodes;
  }

  #author(one: Shown): string {
    return one.from === "visitor" ? this.#desk.words.say("you") : (one.agent?.name ?? this.#desk.session.settings.name);
  }

  /** Answers to tap: the one that is chosen becomes the visitor's message, and all of them go. */
  #choices(choices: readonly string[]): HTMLElement {
    const { session, words } = this.#desk;
    const choose = (choice: string) => () => {
      session.write(choice);
      this.element.focus();
    };
    const buttons = choices.map((choice) => h("button", { type: "button", onclick: choose(choice) }, choice));
    return h("div", { class: "choices", role: "group", "aria-label": words.say("answers") }, ...buttons);
  }

  #changes(one: Shown): HTMLElement {
    const { session, words } = this.#desk;
    const edit = one.text && iconButton("edit", words.say("edit"), () => session.edit(one));
    return h("span", { class: "changes" }, edit, iconButton("bin", words.say("discard"), () => session.revise(one.id)));
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

/** A page to go to, with its host as it is in truth. */
function card({ title, summary, url }: Card): HTMLElement[] {
  const href = webAddress(url);
  if (!href) return [];
  const parts = [h("strong", {}, title), summary && h("span", {}, summary), h("span", { class: "note" }, h("bdi", {}, hostOf(href)))];
  return [h("a", { class: "card", href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...parts)];
}

function startOfToday(): Date {
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  return today;
}
