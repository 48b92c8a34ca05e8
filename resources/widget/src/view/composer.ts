/** Where the visitor writes: text, emoji, files. */

import { h, icon, iconButton, say } from "../dom.ts";
import type { Desk, View } from "./desk.ts";
import { grow } from "./desk.ts";

const EMOJI = [..."😀😊😂😉😍😎🤔😐😕😢😡😮👍👎👏🙏💪👋❤🎉✨🔥✅❌"];
const QUIET_MS = 4_000;

export class Composer implements View {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #area: HTMLTextAreaElement;
  readonly #files = h("div", { class: "waiting" });
  readonly #editing: HTMLElement;
  #edited: string | undefined;
  readonly #wrong = h("p", { class: "bad", role: "alert" });
  readonly #attach: HTMLButtonElement;
  /** What can stand above the text, with the button that opens it. */
  readonly #boxes: [HTMLElement, HTMLButtonElement][] = [];
  #chosen: File[] = [];
  #quiet: number | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const { words, session } = desk;
    const write = words.say("write");
    const preview = session.can("preview");
    this.#area = h("textarea", {
      rows: 1,
      placeholder: write,
      "aria-label": write,
      "aria-describedby": preview && "preview",
      maxlength: session.settings.limits.text,
      enterkeyhint: "send",
      value: session.keep.get("draft") ?? "",
      oninput: () => this.#changed(),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
      onpaste: (event: ClipboardEvent) => this.#pasted(event),
    });
    const [file, photo] = [this.#chooser({ multiple: true }), this.#chooser({ accept: "image/*", capture: "environment" })];
    // Browsers of devices with a camera at hand know `capture`, no others.
    this.#attach = "capture" in HTMLInputElement.prototype
      ? this.#opens("menu", "attach", () => [this.#source("camera", photo), this.#source("file", file)])
      : iconButton("attach", words.say("attach"), () => file.click());
    const tools = [this.#attach, this.#opens("pick", "emoji", () => this.#signs()), file, photo];
    this.#editing = h("p", { class: "waiting note" }, words.say("edit"), iconButton("close", words.say("cancel"), () => session.edit(null)));
    const sending = words.say("send");
    const send = h("button", { type: "submit", class: "round", "aria-label": sending, title: sending }, icon("send"));
    const row = h("div", { class: "row" }, ...tools, this.#area, send);
    this.element = h("form", { class: "write", onsubmit: (event: Event) => this.#submit(event) }, ...this.#boxes.map(([box]) => box), this.#wrong, this.#editing, this.#files, row, preview && h("p", { class: "note", id: "preview" }, words.say("preview")));
    this.#complain("");
    this.update();
  }

  update(): void {
    this.#attach.hidden = !this.#desk.session.can("files");
    this.#files.hidden = !this.#chosen.length;
    this.#follow();
  }

  /** Takes the text of a message that is to be changed, and gives back what was begun before. */
  #follow(): void {
    const { session } = this.#desk;
    const { editing } = session;
    this.#editing.hidden = !editing;
    if (this.#edited === editing?.id) return;
    this.#edited = editing?.id;
    this.#area.value = editing?.text ?? session.keep.get("draft") ?? "";
    this.focus();
  }

  focus(): void {
    grow(this.#area);
    this.#area.focus();
  }

  /** Takes files that were dropped or pasted; says which cannot go. */
  add(files: readonly File[]): void {
    const { session, words } = this.#desk;
    if (!session.can("files")) return;
    const { limits } = session.settings;
    const heavy = files.find((file) => file.size > limits.file);
    const fit = files.filter((file) => file.size <= limits.file);
    const room = limits.files - this.#chosen.length;
    this.#chosen.push(...fit.slice(0, room));
    if (heavy) this.#complain(words.say("tooLarge", { name: heavy.name, size: words.size(limits.file) }));
    else this.#complain(fit.length > room ? words.say("tooMany", { n: limits.files }) : "");
    this.#showFiles();
    this.#area.focus();
  }

  /** Closes what is open above the text; says whether there was anything. */
  escape(): boolean {
    const open = this.#boxes.find(([box]) => !box.hidden);
    if (open) this.#open(null), open[1].focus();
    const { session } = this.#desk;
    if (open || !session.editing) return open !== undefined;
    session.edit(null);
    return true;
  }

  #submit(event: Event): void {
    event.preventDefault();
    const text = this.#area.value.trim();
    if (this.#edited && text) return this.#desk.session.revise(this.#edited, text);
    if (!text && !this.#chosen.length) return this.#area.focus();
    this.#desk.session.tellTyping("");
    this.#desk.session.write(text, this.#chosen);
    this.#chosen = [];
    this.#area.value = "";
    this.#complain("");
    this.#open(null);
    this.#showFiles();
    this.#changed();
    this.focus();
  }

  #changed(): void {
    const { session } = this.#desk;
    grow(this.#area);
    if (!this.#edited) session.keep.put({ draft: this.#area.value });
    window.clearTimeout(this.#quiet);
    session.tellTyping(this.#area.value);
    this.#quiet = window.setTimeout(() => session.tellTyping(""), session.can("preview") ? 2 * QUIET_MS : QUIET_MS);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) this.#submit(event);
  }

  #pasted(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !this.#desk.session.can("files")) return;
    event.preventDefault();
    this.add(files);
  }

  #chooser(of: Record<string, string | boolean>): HTMLInputElement {
    const onchange = (): void => {
      this.add([...(input.files ?? [])]);
      input.value = "";
    };
    const input = h("input", { type: "file", hidden: true, ...of, onchange });
    return input;
  }

  /** Something to attach from, in the menu. */
  #source(kind: "camera" | "file", input: HTMLInputElement): HTMLElement {
    const onclick = (): void => {
      this.#open(null);
      this.#attach.focus();
      input.click();
    };
    return h("button", { type: "button", onclick }, icon(kind), this.#desk.words.say(kind));
  }

  #signs(): HTMLElement[] {
    const insert = (sign: string) => () => {
      const { selectionStart, selectionEnd } = this.#area;
      this.#area.setRangeText(sign, selectionStart, selectionEnd, "end");
      this.#open(null);
      this.#changed();
      this.#area.focus();
    };
    return EMOJI.map((sign) => h("button", { type: "button", onclick: insert(sign) }, sign));
  }

  /** A button that opens and closes a box above the text, which is filled when it is opened first. */
  #opens(kind: "menu" | "pick", label: "attach" | "emoji", fill: () => HTMLElement[]): HTMLButtonElement {
    const named = this.#desk.words.say(label);
    const box = h("div", { class: kind, role: "group", "aria-label": named, hidden: true });
    const button = iconButton(kind === "pick" ? "smile" : "attach", named, () => {
      if (!box.firstChild) box.append(...fill());
      this.#open(box.hidden ? box : null);
      if (kind === "menu") box.querySelector("button")!.focus();
    }, { "aria-expanded": "false" });
    this.#boxes.push([box, button]);
    return button;
  }

  #open(wanted: HTMLElement | null): void {
    for (const [box, button] of this.#boxes) {
      box.hidden = box !== wanted;
      button.setAttribute("aria-expanded", String(box === wanted));
    }
  }

  #showFiles(): void {
    const { words } = this.#desk;
    const chips = this.#chosen.map((file) => {
      const drop = (): void => {
        this.#chosen = this.#chosen.filter((one) => one !== file);
        this.#showFiles();
        this.#area.focus();
      };
      const name = h("span", {}, file.name, h("span", { class: "note" }, words.size(file.size)));
      return h("span", { class: "chip" }, name, iconButton("close", words.say("remove", { name: file.name }), drop));
    });
    this.#files.replaceChildren(...chips);
    this.update();
  }

  #complain(text: string): void {
    say(this.#wrong, text);
    this.#wrong.hidden = !text;
  }
}
