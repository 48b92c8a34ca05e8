/** Making elements. Text becomes text nodes and nothing else: what visitors and agents write is never markup. */

import { ICONS, type IconName } from "./icons.ts";

type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | null | undefined | ((event: never) => void);

/**
 * Makes an element. A function becomes a listener (`onclick`), `true` an empty attribute; `false` and `null`
 * leave the attribute out; `value` and `checked` are set as properties.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (name === "value" || name === "checked") Object.assign(element, { [name]: value });
    else set(element, name, value);
  }
  element.append(...children.filter((child): child is Node | string => child != null && child !== false));
  return element;
}

/** Sets or removes one attribute, and leaves it alone when nothing changes (screen readers notice changes). */
export function set(element: Element, name: string, value: string | number | boolean | null | undefined): void {
  if (value == null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? "" : value)) {
    element.setAttribute(name, String(value === true ? "" : value));
  }
}

/** Gives an element this text, and leaves it alone when it has it. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Gives an element these children. Those it has already stay where they are: what is moved loses the focus. */
export function place(parent: Element, children: readonly Node[]): void {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    if (parent.childNodes[at] !== child) parent.insertBefore(child, parent.childNodes[at] ?? null);
  });
}

/** A drawn sign. It is hidden from screen readers: what carries it has a name. */
export function icon(name: IconName): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows a sign and is called `label`. */
export function iconButton(
  name: IconName,
  label: string,
  onclick: () => void,
  more: Record<string, Value> = {},
): HTMLButtonElement {
  return h("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick, ...more }, icon(name));
}
