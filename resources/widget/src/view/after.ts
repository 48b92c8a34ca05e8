/** After the conversation: how it was, and a copy by email. */

import { h, icon } from "../dom.ts";
import type { IconName } from "../icons.ts";
import type { Desk, View } from "./desk.ts";
import { complain, isMail } from "./desk.ts";

const SCORES = [1, 2, 3, 4, 5] as const;
const EFFORTS = [1, 2, 3, 4, 5, 6, 7] as const;

/** Five faces, how easy it was, and a text. `done` is called when it is answered or passed over, `copy` where a copy is wanted first. */
export class Survey implements View {
  readonly element: HTMLElement;

  constructor(desk: Desk, agent: string, done: (thanks: boolean) => void, copy: () => void) {
    const { words, session } = desk;
    const wrong = h("p", { class: "bad", id: "score-hint", hidden: true });
    const inputs = SCORES.map((score) => h("input", { type: "radio", name: "score", value: String(score), "aria-label": words.say(`face${score}`) }));
    const faces = SCORES.map((score, at) => h("label", { title: words.say(`face${score}`) }, inputs[at], icon(`face${score}` as IconName)));
    const ends = h("div", { class: "ends note", "aria-hidden": "true" }, h("span", {}, words.say("face1")), h("span", {}, words.say("face5")));
    const steps = EFFORTS.map((step) => h("input", { type: "radio", name: "effort", value: String(step), "aria-label": words.number(step) }));
    const boxes = steps.map((step, at) => h("label", {}, step, words.number(EFFORTS[at]!)));
    const effort = h("fieldset", { class: "field" });
    const least = h("div", { class: "ends note" }, h("span", {}, words.say("effort1")), h("span", {}, words.say("effort7")));
    effort.append(h("legend", {}, words.say("effort")), h("div", { class: "scale" }, ...boxes), least);
    const text = h("textarea", { id: "anything", maxlength: 1_000, rows: 3 });
    const question = agent ? words.say("howDid", { name: agent }) : words.say("howDidWe");
    const scale = h("fieldset", { class: "field", "aria-describedby": wrong.id });
    scale.append(h("legend", { class: "unseen" }, question), h("div", { class: "scale faces" }, ...faces), ends, wrong);
    const submit = (event: Event): void => {
      event.preventDefault();
      const chosen = inputs.find((input) => input.checked);
      complain(scale, wrong, chosen ? "" : words.say("required"));
      scale.removeAttribute("aria-invalid"); // a group of radios knows no such state
      if (!chosen) return inputs[0]!.focus();
      session.rate(Number(chosen.value), Number(steps.find((step) => step.checked)?.value) || null, text.value.trim());
      done(true);
    };
    this.element = h(
      "form",
      { class: "body page", onsubmit: submit },
      h("h3", {}, question),
      scale,
      effort,
      h("div", { class: "field" }, h("label", { for: "anything" }, words.say("anything")), text),
      h(
        "div",
        { class: "push" },
        h("button", { type: "submit", class: "main" }, words.say("send")),
        h("button", { type: "button", class: "plain", onclick: () => done(false) }, words.say("noThanks")),
        session.hasCopy && h("button", { type: "button", class: "plain", onclick: copy }, words.say("copy")),
      ),
    );
  }

  update(): void {}

  focus(): void {
    this.element.querySelector("input")!.focus();
  }
}

/** Where to send the copy. `done` gets the address, or nothing when it is cancelled. */
export class CopyForm implements View {
  readonly element: HTMLElement;

  constructor(desk: Desk, done: (email: string) => void) {
    const { words, session } = desk;
    const wrong = h("p", { class: "bad", id: "copy-hint", hidden: true });
    const input = h("input", { id: "copy", type: "email", autocomplete: "email", maxlength: 320, value: session.profile?.email ?? "", "aria-describedby": wrong.id });
    const submit = (event: Event): void => {
      event.preventDefault();
      const email = input.value.trim();
      complain(input, wrong, isMail(email) ? "" : words.say("badEmail"));
      if (!isMail(email)) return input.focus();
      session.askForCopy(email);
      done(email);
    };
    this.element = h(
      "form",
      { class: "body page", novalidate: true, onsubmit: submit },
      h("h3", {}, words.say("copy")),
      h("div", { class: "field" }, h("label", { for: "copy" }, words.say("email")), input, wrong),
      h(
        "div",
        { class: "push" },
        h("button", { type: "submit", class: "main" }, words.say("send")),
        h("button", { type: "button", class: "plain", onclick: () => done("") }, words.say("cancel")),
      ),
    );
  }

  update(): void {}

  focus(): void {
    this.element.querySelector("input")!.focus();
  }
}
