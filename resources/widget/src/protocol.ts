/** What the page and the server say to each other: version 1 of the protocol in docs/chat-protocol.md. */

import type { Texts } from "./texts/index.ts";

export const VERSION = 1;
export const SUBPROTOCOL = "agentdesk.chat.v1";

export type Ability = "typing" | "preview" | "seen" | "read" | "files" | "edits" | "end" | "survey" | "transcript" | "presence";

export interface Limits {
  readonly text: number;
  readonly file: number;
  readonly files: number;
}

export interface FormField {
  readonly key: "name" | "email" | "topic";
  readonly type: string;
  readonly required: boolean;
}

/** What visitors are asked, and when: all that is set must hold. */
export interface Invitation {
  readonly id: string;
  readonly text: string;
  readonly after?: number;
  readonly address?: string;
  readonly scroll?: number;
  readonly pages?: number;
  readonly referrer?: string;
  readonly online?: boolean;
  readonly returning?: boolean;
}

/** What anybody may know of a widget. */
export interface Settings {
  readonly widget: string;
  readonly name: string;
  readonly colour: string;
  readonly position: string;
  readonly theme: string;
  readonly languages: readonly string[];
  /** The one of the asked languages that the widget is shown in, and its words where they are not English. */
  readonly language?: string;
  readonly words?: Partial<Texts>;
  /** What the launcher is called in each language that the widget can be shown in: only with the script. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly texts: { readonly greeting: string; readonly offline: string; readonly consent: string };
  readonly pre_chat: readonly FormField[];
  readonly consent: boolean;
  readonly online: boolean;
  /** When the team answers again, where it is outside its hours. */
  readonly back?: string | null;
  readonly can: readonly Ability[];
  readonly limits: Limits;
  readonly invitations?: readonly Invitation[];
}

export interface Agent {
  readonly name: string;
  readonly picture: string | null;
}

export interface LineFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly url: string;
  readonly picture: boolean;
}

/** One entry of the log that the server keeps; `n` counts from 1 without gaps. */
export interface Line {
  readonly n: number;
  readonly kind: string;
  readonly id?: string;
  readonly from?: "visitor" | "agent" | "system";
  readonly text?: string;
  readonly at?: string;
  readonly agent?: Agent | null;
  readonly files?: readonly LineFile[];
  /** The message that an `edited` or `deleted` line is about. */
  readonly of?: string | null;
  /** Answers that the visitor can choose from. */
  readonly choices?: readonly string[];
  readonly cards?: readonly Card[];
}

/** A page to go to. */
export interface Card {
  readonly title: string;
  readonly summary: string;
  readonly url: string;
}

export interface Profile {
  readonly name: string;
  readonly email: string;
  readonly topic: string;
  readonly consent: boolean;
}

export interface Welcome {
  readonly t: "welcome";
  readonly token?: string;
  readonly epoch: string;
  readonly fresh: boolean;
  readonly cursor: number;
  readonly from: number;
  readonly online: boolean;
  readonly back?: string | null;
  readonly agent: Agent | null;
  readonly can: readonly Ability[];
  readonly profile: Profile;
  readonly time: string;
}

export interface Refusal {
  readonly t: "error";
  readonly code: string;
  readonly id: string | null;
  readonly retry: number | null;
}

export type ServerFrame =
  | Welcome
  | Refusal
  | { readonly t: "lines"; readonly lines: readonly Line[]; readonly first: boolean }
  | { readonly t: "ack"; readonly id: string; readonly n: number }
  | { readonly t: "typing"; readonly on: boolean; readonly agent: Agent | null }
  | { readonly t: "read"; readonly upto: number }
  | { readonly t: "status"; readonly online: boolean; readonly back?: string | null; readonly agent: Agent | null; readonly place?: number | null; readonly minutes?: number | null }
  | { readonly t: "pong" };

/** What the page says; commands that are answered carry an `id`. */
export interface PageFrame {
  readonly t: string;
  readonly id?: string;
  readonly [field: string]: unknown;
}

/** Reads one frame of the server, or gives `null` for what is none. */
export function readFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    return asFrame(JSON.parse(data));
  } catch {
    return null;
  }
}

/** The value as a frame where it has the shape of one. */
export function asFrame(value: unknown): ServerFrame | null {
  const known = typeof value === "object" && value !== null && typeof (value as { t?: unknown }).t === "string";
  return known ? (value as ServerFrame) : null;
}
