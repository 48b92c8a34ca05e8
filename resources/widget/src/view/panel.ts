/** The open chat: a head, and below it the form, the conversation or the questions after it. */

import { h, icon, iconButton, say } from "../dom.ts";
import type { IconName } from "../icons.ts";
import { CopyForm, Survey } from "./after.ts";
import { Composer } from "./composer.ts";
import { type Desk, face, type View } from "./desk.ts";
import { Form, formNeeded } from "./form.ts";
import { Messages } from "./messages.ts";

type Screen = "form" | "chat" | "survey" | "copy" | "blocked";

export class Panel implements View {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #minimise: () => void;
  readonly #status = h("p", { role: "status" });
  readonly #faces = h("span", {});
  readonly #strip = h("p", { class: "strip", role: "status" });
  readonly #more: HTMLButtonElement;
  readonly #menu = h("div", { class: "menu", hidden: true });
  readonly #content = h("div", { class: "content" });
  #screen: Screen | null = null;
  #views: (View & { focus?(): void })[] = [];
  #copying = false;
  #notice = "";
  #agent = "";
  #shown: string | undefined;

  constructor(desk: Desk, minimise: () => void) {
    this.#desk = desk;
    this.#minimise = minimise;
    const { words, session } = desk;
    this.#more = iconButton("more", words.say("more"), () => this.#toggleMenu(this.#menu.hidden === true), { "aria-expanded": "false" });
    const head = h(
      "div",
      { class: "head" },
      this.#faces,
      h("div", { class: "who" }, h("h2", {}, session.settings.name), this.#status),
      this.#more,
      iconButton("minimise", words.say("minimise"), minimise),
    );
    const name = words.say("chat", { name: session.settings.name });
    this.element = h(
      "div",
      { class: "panel", role: "dialog", "aria-label": name, id: "panel", onkeydown: (event: KeyboardEvent) => this.#key(event) },
      head,
      this.#menu,
      this.#content,
    );
    this.#takeDrops();
  }

  update(): void {
    const screen = this.#wanted();
    if (screen !== this.#screen) this.#show(screen);
    this.#showHead();
    this.#showStrip();
    for (const view of this.#views) view.update();
  }

  focus(): void {
    const target = this.#views.find((view) => view.focus);
    target?.focus?.();
  }

  /** The panel has come up: the newest message is in sight. */
  opened(): void {
    for (const view of this.#views) if (view instanceof Messages) view.toEnd();
    this.focus();
  }

  #wanted(): Screen {
    const { session } = this.#desk;
    if (session.blocked) return "blocked";
    if (formNeeded(this.#desk)) return "form";
    if (this.#copying) return "copy";
    const ended = session.log.ended;
    return ended > (session.keep.get("asked") ?? 0) && session.can("survey") ? "survey" : "chat";
  }

  #show(screen: Screen): void {
    const had = this.element.contains((this.element.getRootNode() as ShadowRoot).activeElement ?? null);
    this.#screen = screen;
    this.#views = this.#make(screen);
    this.#content.replaceChildren(this.#strip, ...this.#views.map((view) => view.element));
    if (had) this.focus();
  }

  #make(screen: Screen): (View & { focus?(): void })[] {
    const desk = this.#desk;
    if (screen === "form") return [new Form(desk)];
    if (screen === "survey") return [new Survey(desk, this.#agent, (thanks) => this.#answered(thanks), () => this.#copy())];
    if (screen === "copy") return [new CopyForm(desk, (email) => this.#copied(email))];
    return screen === "blocked" ? [new Messages(desk)] : [new Messages(desk), new Composer(desk)];
  }

  #answered(thanks: boolean): void {
    const { session, words } = this.#desk;
    session.keep.put({ asked: session.log.ended });
    this.#notice = thanks ? words.say("thanks") : "";
    this.update();
  }

  #copy(): void {
    this.#copying = true;
    this.update();
  }

  #copied(email: string): void {
    this.#copying = false;
    this.#notice = email && this.#desk.words.say("copySent", { email });
    this.update();
  }

  #showHead(): void {
    const { session, words } = this.#desk;
    const spoke = session.agent ?? session.log.messages().filter((one) => one.agent && one.remark !== "left").at(-1)?.agent ?? null;
    const shown = JSON.stringify(spoke);
    if (this.#shown !== shown) {
      this.#shown = shown;
      this.#faces.replaceChildren(face(this.#desk, spoke?.name ?? session.settings.name, spoke?.picture ?? null));
    }
    this.#agent = spoke?.name ?? "";
    const somebody = session.agent ? words.say("here", { name: session.agent.name }) : words.say(session.online ? "online" : "away");
    const typing = session.typing && words.say("typing", { name: session.typing.name || session.settings.name });
    say(this.#status, session.blocked ? "" : session.cut ? words.say("connecting") : (typing ?? somebody));
  }

  #showStrip(): void {
    const { session, words } = this.#desk;
    const back = session.back ? words.say("back", { when: words.moment(session.back) }) + " " : "";
    const away = back + (session.settings.texts.offline || words.say("leave"));
    const wait = session.minutes ? " " + words.say("wait", { time: words.minutes(session.minutes) }) : "";
    const turn = session.place ? words.say("place", { n: session.place }) + wait : "";
    const text = session.blocked ? words.say("blocked") : session.cut ? words.say("lost") : session.late ? words.say("late") : this.#notice || (session.log.ended ? "" : session.online ? turn : away);
    say(this.#strip, text);
    this.#strip.hidden = !text;
  }

  // --- menu ---

  #toggleMenu(open: boolean): void {
    if (open) this.#menu.replaceChildren(...this.#choices());
    this.#menu.hidden = !open;
    this.#more.setAttribute("aria-expanded", String(open));
    if (open) this.#menu.querySelector("button")!.focus();
  }

  #choices(): HTMLElement[] {
    const { session, words } = this.#desk;
    const silent = session.keep.get("silent");
    const going = session.log.cursor > 0 && !session.log.ended;
    const choice = (sign: IconName, label: string, act: () => void): HTMLElement => {
      const onclick = (): void => {
        this.#toggleMenu(false);
        act();
        this.update();
        this.focus();
      };
      return h("button", { type: "button", onclick }, icon(sign), label);
    };
    const sound = choice(silent ? "sound" : "mute", words.say(silent ? "soundOn" : "soundOff"), () => session.keep.put({ silent: !silent }));
    const copy = session.hasCopy && choice("mail", words.say("copy"), () => (this.#copying = true));
    const end = session.can("end") && going && choice("end", words.say("end"), () => session.end());
    return [sound, copy, end].filter((one) => one !== false);
  }

  // --- keys and drops ---

  #key(event: KeyboardEvent): void {
    event.stopPropagation(); // keys that are typed here are no shortcuts of the page
    if (event.key === "Escape" && !event.isComposing) this.#escape();
    else if (event.key === "Tab" && this.#fillsScreen()) this.#trap(event);
  }

  #escape(): void {
    if (!this.#menu.hidden) return this.#toggleMenu(false), this.#more.focus();
    if (!this.#views.some((view) => view instanceof Composer && view.escape())) this.#minimise();
  }

  #fillsScreen(): boolean {
    return matchMedia("(max-width: 480px)").matches;
  }

  #trap(event: KeyboardEvent): void {
    const stops = [...this.element.querySelectorAll<HTMLElement>("button, a, input, textarea, [tabindex]")].filter(
      (stop) => stop.offsetParent !== null && !(stop as HTMLButtonElement).disabled,
    );
    const [first, last] = [stops[0], stops.at(-1)];
    const active = (this.element.getRootNode() as ShadowRoot).activeElement;
    if (event.shiftKey ? active === first : active === last) {
      event.preventDefault();
      (event.shiftKey ? last : first)?.focus();
    }
  }

  #takeDrops(): void {
    this.element.dataset["drop"] = this.#desk.words.say("drop");
    const composer = (): Composer | undefined => this.#views.find((view) => view instanceof Composer);
    const over = (event: DragEvent, on: boolean): void => {
      if (!composer() || !this.#desk.session.can("files") || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.element.classList.toggle("over", on);
    };
    this.element.addEventListener("dragover", (event) => over(event, true));
    this.element.addEventListener("dragleave", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) over(event, false);
    });
    this.element.addEventListener("drop", (event) => {
      over(event, false);
      composer()?.add([...(event.dataTransfer?.files ?? [])]);
    });
  }
}
