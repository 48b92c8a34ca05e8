/**
 * Begins: finds its script tag, shows the launcher, and makes the rest behind it. Leaves nothing in the page's own names.
 *
 * The settings come with the script, where its address names the widget, or are asked for.
 */

import { App } from "./app.ts";
import { HOST, Launcher } from "./launcher.ts";
import type { Settings } from "./protocol.ts";
import { inForeignFrame, readTag, type Tag } from "./tag.ts";
import { chosenLanguage, languageTags, primaryOf, Words } from "./texts/index.ts";

const script = document.currentScript;
const tag = script instanceof HTMLScriptElement ? readTag(script) : null;
if (tag && (tag.framed || !inForeignFrame(window))) whenReady(() => void begin(tag));

async function begin(tag: Tag): Promise<void> {
  const wishes = languageTags([tag.language, document.documentElement.lang, ...navigator.languages]);
  const ask = (): Promise<Settings | null> => settingsFrom(`${tag.base}/settings?language=${wishes.join()}`);
  const told = tag.settings ?? (await ask());
  if (!told || document.querySelector(HOST)) return;
  const language = (told.labels && chosenLanguage(wishes, Object.keys(told.labels))) ?? told.language ?? "en";
  const fits = primaryOf(language) === primaryOf(told.language ?? "en");
  const name = told.labels?.[primaryOf(language)] ?? new Words(language, told.words).say("open");
  const settings = fits ? { ...told, language } : ask().then((asked) => asked ?? told);
  show(tag, settings, (tapped) => new Launcher(tag, told, language, name, tapped));
}

/** Puts up the launcher; the rest is made when it has been painted, or is asked for. */
function show(tag: Tag, settings: Settings | Promise<Settings>, putUp: (tapped: () => void) => Launcher): void {
  let app: Promise<App> | null = null;
  const start = (): Promise<App> => (app ??= Promise.resolve(settings).then((known) => new App(tag, known, launcher)));
  const launcher = putUp(() => void start().then((made) => made.toggle()));
  const soon = (): number => window.setTimeout(() => void start());
  if (document.hidden) soon(); // a hidden page paints nothing
  else requestAnimationFrame(soon);
}

/** The settings, or `null` where there is no such widget for this page. A network that is away shows no launcher. */
async function settingsFrom(address: string): Promise<Settings | null> {
  try {
    const response = await fetch(address, { credentials: "omit" });
    return response.ok ? ((await response.json()) as Settings) : null;
  } catch {
    return null;
  }
}

function whenReady(act: () => void): void {
  if (document.body) act();
  else document.addEventListener("DOMContentLoaded", act, { once: true });
}
