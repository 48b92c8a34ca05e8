/** Begins: finds its script tag, asks for the settings, and shows the launcher. Leaves nothing in the page's own names. */

import { App } from "./app.ts";
import type { Settings } from "./protocol.ts";
import { inForeignFrame, readTag, type Tag } from "./tag.ts";

const HERE = "agentdesk-chat";

const script = document.currentScript;
const tag = script instanceof HTMLScriptElement ? readTag(script) : null;
if (tag && (tag.framed || !inForeignFrame(window))) whenReady(() => void begin(tag));

async function begin(tag: Tag): Promise<void> {
  const settings = await ask(`${tag.base}/settings`);
  if (settings && !document.querySelector(HERE)) new App(tag, settings);
}

/** The settings, or `null` where there is no such widget for this page. A network that is away shows no launcher. */
async function ask(address: string): Promise<Settings | null> {
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
