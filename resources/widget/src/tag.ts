/** What the script tag says. */

import type { Settings } from "./protocol.ts";

declare global {
  interface HTMLScriptElement {
    /** The settings of the widget that the address of the script names: the server puts them here, ahead of the script. */
    agentdesk?: Settings;
  }
}

export interface Tag {
  /** Address of the widget at the server: `https://desk.example.com/chat/v1/ID`. */
  readonly base: string;
  readonly server: string;
  readonly widget: string;
  readonly language: string | null;
  readonly position: string | null;
  readonly theme: string | null;
  readonly open: boolean;
  readonly nonce: string | null;
  readonly identity: { readonly user_id?: unknown } | null;
  readonly framed: boolean;
  /** What came with the script. */
  readonly settings: Settings | null;
  /** The tag itself: the page may change what it says of consent. */
  readonly script: HTMLScriptElement;
}

/** Reads the tag; `null` where it names no widget or no server. */
export function readTag(tag: HTMLScriptElement): Tag | null {
  const data = tag.dataset;
  const address = data["server"] || tag.src;
  const settings = tag.agentdesk;
  delete tag.agentdesk;
  const widget = data["widget"] ?? settings?.widget ?? "";
  if (!/^[\w-]{1,64}$/.test(widget) || !URL.canParse(address)) return null;
  const server = new URL(address).origin;
  return {
    base: `${server}/chat/v1/${widget}`,
    server,
    widget,
    language: data["language"] ?? null,
    position: data["position"] ?? null,
    theme: data["theme"] ?? null,
    open: data["open"] === "true",
    nonce: data["nonce"] || tag.nonce || null,
    identity: readIdentity(data["identity"]),
    framed: data["framed"] === "true",
    settings: settings?.widget === widget ? settings : null,
    script: tag,
  };
}

/** Says whether a page of another origin has this page in a frame: there a click could be tricked out of the visitor. */
export function inForeignFrame(page: Window): boolean {
  try {
    return page.top !== page.self && page.top?.location.origin !== page.location.origin;
  } catch {
    return true;
  }
}

function readIdentity(text: string | undefined): { user_id?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
