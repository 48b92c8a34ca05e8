/** The form before the chat: who the visitor is, as far as the company asks, and consent. */

import { h } from "../dom.ts";
import { linkParts } from "../links.ts";
import type { FormField, Profile } from "../protocol.ts";
import type { Desk, View } from "./desk.ts";
import { complain, isMail } from "./desk.ts";

const COMPLETE = { name: "name", email: "email", topic: "off" } as const;

/** Says whether the company asks for something that is not known yet. */
export function formNeeded(desk: Desk): boolean {
  const { settings, profile, log, keep } = desk.session;
  if (profile) return (settings.consent && !profile.consent) || settings.pre_chat.some((field) => field.required && !profile[field.key]);
  const begun = log.cursor > 0 || keep.waiting().length > 0 || desk.session.known;
  return !begun && (settings.consent || settings.pre_chat.length > 0);
}

interface Asked {
  readonly field: FormField;
  readonly input: HTMLInputElement;
  readonly hint: HTMLElement;
}

export class Form implements View {
  readonly element: HTMLElement;
  readonly #desk: Desk;
  readonly #asked: Asked[];
  readonly #consent: { input: HTMLInputElement; hint: HTMLElement } | null;

  constructor(desk: Desk) {
    this.#desk = desk;
    const { words, session } = desk;
    const { settings } = session;
    this.#asked = settings.pre_chat.map((field) => this.#ask(field));
    this.#consent = settings.consent ? { input: h("input", { type: "checkbox", id: "consent" }), hint: hint("consent") } : null;
    this.element = h(
      "form",
      { class: "body page", novalidate: true, onsubmit: (event: Event) => this.#submit(event) },
      h("h3", {}, session.invited?.text || settings.texts.greeting || words.say("greeting")),
      settings.pre_chat.length > 0 && h("p", { class: "note" }, words.say("hint")),
      ...this.#asked.map((asked) => this.#field(asked)),
      this.#consent && this.#agreement(this.#consent.input, this.#consent.hint),
      h("div", { class: "push" }, h("button", { type: "submit", class: "main" }, words.say("start"))),
    );
  }

  update(): void {
    const { profile } = this.#desk.session;
    for (const { field, input } of this.#asked) if (!input.value && profile?.[field.key]) input.value = profile[field.key];
  }

  focus(): void {
    (this.#asked[0]?.input ?? this.#consent?.input)?.focus();
  }

  #ask(field: FormField): Asked {
    const input = h("input", {
      id: field.key,
      type: field.type === "email" ? "email" : "text",
      required: field.required,
      autocomplete: COMPLETE[field.key],
      maxlength: field.key === "email" ? 320 : 200,
      "aria-describedby": `${field.key}-hint`,
    });
    return { field, input, hint: hint(field.key) };
  }

  #field({ field, input, hint }: Asked): HTMLElement {
    const { words } = this.#desk;
    const label = words.say(field.key);
    const shown = field.required ? label : words.say("optional", { field: label });
    return h("div", { class: "field" }, h("label", { for: field.key }, shown), input, hint);
  }

  #agreement(input: HTMLInputElement, hint: HTMLElement): HTMLElement {
    input.setAttribute("aria-describedby", hint.id);
    const { words, session } = this.#desk;
    const parts = linkParts(session.settings.texts.consent || words.say("consent"));
    const shown = parts.map(({ text, href }) =>
      href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : text,
    );
    return h("div", {}, h("div", { class: "check" }, input, h("label", { for: "consent" }, ...shown)), hint);
  }

  #submit(event: Event): void {
    event.preventDefault();
    const { words, session } = this.#desk;
    const wrong = this.#asked.filter(({ field, input, hint }) => {
      const value = input.value.trim();
      const empty = field.required && !value;
      const text = empty ? words.say("required") : field.type === "email" && value && !isMail(value) ? words.say("badEmail") : "";
      complain(input, hint, text);
      return text;
    });
    const open = this.#consent && !this.#consent.input.checked;
    if (this.#consent) complain(this.#consent.input, this.#consent.hint, open ? words.say("required") : "");
    const first = wrong[0]?.input ?? (open ? this.#consent!.input : null);
    if (first) return first.focus();
    const values = this.#asked.map(({ field, input }) => [field.key, input.value.trim()]);
    session.introduce({ ...(Object.fromEntries(values) as Partial<Profile>), ...(this.#consent ? { consent: true } : {}) });
  }
}

function hint(key: string): HTMLElement {
  return h("p", { class: "bad", id: `${key}-hint`, hidden: true });
}
