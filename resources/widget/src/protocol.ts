/** What the page and the server say to each other: version 1 of the protocol in docs/chat-protocol.md. */

export const VERSION = 1;
export const SUBPROTOCOL = "agentdesk.chat.v1";

export type Ability = "typing" | "seen" | "read" | "files" | "edits" | "end" | "survey" | "transcript";

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

/** What anybody may know of a widget. */
export interface Settings {
  readonly name: string;
  readonly colour: string;
  readonly position: string;
  readonly theme: string;
  readonly languages: readonly string[];
  readonly texts: { readonly greeting: string; readonly offline: string; readonly consent: string };
  readonly pre_chat: readonly FormField[];
  readonly consent: boolean;
  readonly online: boolean;
  /** When the team answers again, where it is outside its hours. */
  readonly back?: string | null;
  readonly can: readonly Ability[];
  readonly limits: Limits;
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
  readonly of?: string;
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
