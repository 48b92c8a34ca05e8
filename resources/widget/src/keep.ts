/** What outlives the page: the token, what is not sent yet, and a few wishes of the visitor. */

import type { VisitKept } from "./inviter.ts";
import type { GuestKept } from "./presence.ts";
import type { PageFrame } from "./protocol.ts";

/** A file as it is named before it is sent. */
export interface Named {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** A command that waits for its answer. */
export interface Waiting {
  readonly frame: PageFrame & { readonly id: string };
  /** Milliseconds since 1970, by the visitor's clock: the order of sending. */
  readonly at: number;
  /** Files of it that are not at the server yet. */
  readonly files?: readonly Named[];
  /** The code with which it was refused; the visitor may send it again or take it back. */
  readonly failed?: string;
}

interface Kept {
  token?: string | null;
  epoch?: string | null;
  /** The last line that the visitor has seen. */
  read?: number;
  silent?: boolean;
  /** Text that the visitor has begun. */
  draft?: string;
  /** Whom the page had named as signed in. */
  user?: string;
  /** Line of the end whose questions were answered or closed. */
  asked?: number;
  visit?: VisitKept;
  guest?: GuestKept | null;
  /** When an invitation was closed, in milliseconds since 1970. */
  refused?: number;
  /** The invitation that the visitor accepts with what they write first. */
  invited?: { readonly id: string; readonly text: string } | null;
}

/**
 * A drawer of the page's `localStorage`, shared by all its tabs; of this page's memory where storage is closed.
 *
 * Each waiting command has a key of its own, so that two tabs never write over each other's.
 */
export class Keep {
  readonly #storage: Storage | null;
  readonly #memory = new Map<string, string>();
  readonly #name: string;

  constructor(widget: string, storage: Storage | null) {
    this.#name = `agentdesk:${widget}`;
    this.#storage = storage;
  }

  get<K extends keyof Kept>(field: K): Kept[K] {
    return this.#all()[field];
  }

  put(fields: Kept): void {
    this.#write(this.#name, JSON.stringify({ ...this.#all(), ...fields }));
  }

  /** Commands without their answer, in the order of sending. */
  waiting(): Waiting[] {
    const prefix = `${this.#name}:`;
    const found = this.#keys().filter((key) => key.startsWith(prefix));
    const waiting = found.map((key) => parsed<Waiting>(this.#read(key))).filter((one) => one?.frame?.id) as Waiting[];
    return waiting.sort((one, other) => one.at - other.at);
  }

  keepWaiting(one: Waiting): void {
    this.#write(`${this.#name}:${one.frame.id}`, JSON.stringify(one));
  }

  answered(id: string): void {
    this.#drop(`${this.#name}:${id}`);
  }

  /** Forgets who the visitor is and what was shown; what is not sent yet stays. */
  forgetSession(): void {
    this.put({ token: null, epoch: null, read: 0, asked: 0, invited: null });
  }

  /** Says whether a `storage` event is about this widget: its drawer, a command that waits, or everything. */
  concerns(key: string | null): boolean {
    return key === null || key === this.#name || key.startsWith(`${this.#name}:`);
  }

  #all(): Kept {
    return parsed<Kept>(this.#read(this.#name)) ?? {};
  }

  #keys(): string[] {
    const remembered = [...this.#memory.keys()];
    try {
      return [...new Set([...remembered, ...Object.keys(this.#storage ?? {})])];
    } catch {
      return remembered; // closed meanwhile
    }
  }

  #read(key: string): string | null {
    const remembered = this.#memory.get(key) ?? null;
    try {
      return remembered ?? this.#storage?.getItem(key) ?? null;
    } catch {
      return remembered; // closed meanwhile
    }
  }

  #write(key: string, value: string): void {
    this.#memory.set(key, value);
    try {
      if (!this.#storage) return;
      this.#storage.setItem(key, value);
      this.#memory.delete(key);
    } catch {
      // full or closed: this page remembers
    }
  }

  #drop(key: string): void {
    this.#memory.delete(key);
    try {
      this.#storage?.removeItem(key);
    } catch {
      // closed meanwhile
    }
  }
}

/** The storage of the page, or `null` where the browser keeps it closed. */
export function pageStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function parsed<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T | null);
  } catch {
    return null;
  }
}
