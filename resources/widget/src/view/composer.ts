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
  readonly #wrong = h("p", { class: "bad", role: "alert" });
  readonly #pick: HTMLElement;
  readonly #pickButton: HTMLButtonElement;
  readonly #tools: HTMLElement[];
  #chosen: File[] = [];
  #quiet: number | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const { words, session } = desk;
    const write = words.say("write");
    this.#area = h("textarea", {
      rows: 1,
      placeholder: write,
      "aria-label": write,
      maxlength: session.settings.limits.text,
      enterkeyhint: "send",
      value: session.keep.get("draft") ?? "",
      oninput: () => this.#changed(),
      onkeydown: (event: KeyboardEvent) => this.#key(event),
      onpaste: (event: ClipboardEvent) => this.#pasted(event),
    });
    const [attach, camera] = [this.#chooser("attach"), this.#chooser("camera")];
    this.#tools = matchMedia("(pointer: coarse)").matches ? [...attach, ...camera] : attach;
    this.#pickButton = iconButton("smile", words.say("emoji"), () => this.#toggle(this.#pick.hidden === true), { "aria-expanded": "false" });
    this.#pick = this.#picker();
    const sending = words.say("send");
    const send = h("button", { type: "submit", class: "round", "aria-label": sending, title: sending }, icon("send"));
    const row = h("div", { class: "row" }, ...this.#tools, this.#pickButton, this.#area, send);
    this.element = h("form", { class: "write", onsubmit: (event: Event) => this.#submit(event) }, this.#pick, this.#wrong, this.#files, row);
    this.#complain("");
    this.update();
  }

  update(): void {
    for (const tool of this.#tools) if (tool.tagName === "BUTTON") tool.hidden = !this.#desk.session.can("files");
    this.#files.hidden = !this.#chosen.length;
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
    const open = !this.#pick.hidden;
    if (open) this.#toggle(false), this.#pickButton.focus();
    return open;
  }

  #submit(event: Event): void {
    event.preventDefault();
    const text = this.#area.value.trim();
    if (!text && !this.#chosen.length) return this.#area.focus();
    this.#desk.session.tellTyping(false);
    this.#desk.session.write(text, this.#chosen);
    this.#chosen = [];
    this.#area.value = "";
    this.#complain("");
    this.#toggle(false);
    this.#showFiles();
    this.#changed();
    this.focus();
  }

  #changed(): void {
    const { session } = this.#desk;
    grow(this.#area);
    session.keep.put({ draft: this.#area.value });
    window.clearTimeout(this.#quiet);
    session.tellTyping(this.#area.value !== "");
    this.#quiet = window.setTimeout(() => session.tellTyping(false), QUIET_MS);
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

  #chooser(kind: "attach" | "camera"): HTMLElement[] {
    const camera = kind === "camera";
    const input = h("input", {
      type: "file",
      hidden: true,
      multiple: !camera,
      accept: camera && "image/*",
      capture: camera && "environment",
      onchange: () => {
        this.add([...(input.files ?? [])]);
        input.value = "";
      },
    });
    return [iconButton(kind, this.#desk.words.say(kind), () => input.click()), input];
  }

  #picker(): HTMLElement {
    const insert = (sign: string) => () => {
      const { selectionStart, selectionEnd } = this.#area;
      this.#area.setRangeText(sign, selectionStart, selectionEnd, "end");
      this.#toggle(false);
      this.#changed();
      this.#area.focus();
    };
    const signs = EMOJI.map((sign) => h("button", { type: "button", onclick: insert(sign) }, sign));
    return h("div", { class: "pick", role: "group", "aria-label": this.#desk.words.say("emoji"), hidden: true }, ...signs);
  }

  #toggle(open: boolean): void {
    this.#pick.hidden = !open;
    this.#pickButton.setAttribute("aria-expanded", String(open));
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
