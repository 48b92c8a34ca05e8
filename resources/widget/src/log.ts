/** The conversation as the visitor sees it, made from the numbered lines of the server. No clock, no network. */

import type { Agent, Card, Line, LineFile } from "./protocol.ts";

/** One message, or a remark of the system. */
export interface Message {
  readonly id: string;
  readonly n: number;
  readonly from: "visitor" | "agent" | "system";
  readonly text: string;
  readonly at: string;
  readonly agent: Agent | null;
  readonly files: readonly LineFile[];
  readonly choices: readonly string[];
  readonly cards: readonly Card[];
  readonly edited: boolean;
  readonly deleted: boolean;
  /** It is no message but says what `agent` did: ended the conversation, came into it, or left it. */
  readonly remark: Remark | "";
}

const REMARKS = ["ended", "joined", "left"] as const;
type Remark = (typeof REMARKS)[number];

/** What is left of a message that was taken back. */
export const NOTHING = { text: "", files: [], choices: [], cards: [] } as const;

/** The lines that the page holds. Lines may come twice and in any order; each counts once. */
export class Log {
  #lines = new Map<number, Line>();
  /** Nothing is older than what is here. */
  complete = false;

  /** The highest number of all: where to go on after a reconnect. */
  get cursor(): number {
    return Math.max(0, ...this.#lines.keys());
  }

  /** The lowest number of all; 0 in an empty log. */
  get oldest(): number {
    return this.#lines.size ? Math.min(...this.#lines.keys()) : 0;
  }

  /** Takes lines in; returns those that are new. */
  take(lines: readonly Line[]): Line[] {
    const fresh = lines.filter((line) => Number.isInteger(line.n) && line.n > 0 && !this.#lines.has(line.n));
    for (const line of fresh) this.#lines.set(line.n, line);
    if (this.#lines.has(1)) this.complete = true;
    return fresh;
  }

  clear(): void {
    this.#lines.clear();
    this.complete = false;
  }

  /** Says whether the visitor or an agent has ended the conversation, by the number of that line; 0 when it goes on. */
  get ended(): number {
    const last = this.#inOrder().filter((line) => line.kind === "message" || line.kind === "ended").at(-1);
    return last?.kind === "ended" ? last.n : 0;
  }

  /** How many messages of others stand after line `read`. */
  unread(read: number): number {
    return this.messages().filter((one) => one.n > read && one.from === "agent" && !one.deleted).length;
  }

  /** All messages in their order, as later lines have changed them. */
  messages(): Message[] {
    const found = new Map<string, Message>();
    for (const line of this.#inOrder()) {
      const target = line.of ? found.get(line.of) : undefined;
      if (line.kind === "message" || remark(line) || line.kind === "invited") found.set(line.id ?? `#${line.n}`, message(line));
      else if (line.kind === "edited" && target) found.set(target.id, { ...target, text: line.text ?? "", edited: true });
      else if (line.kind === "deleted" && target) found.set(target.id, { ...target, ...NOTHING, deleted: true });
    }
    return [...found.values()];
  }

  #inOrder(): Line[] {
    return [...this.#lines.values()].sort((one, other) => one.n - other.n);
  }
}

function message(line: Line): Message {
  return {
    id: line.id ?? `#${line.n}`,
    n: line.n,
    from: remark(line) ? "system" : line.kind === "invited" ? "agent" : (line.from ?? "system"),
    text: line.text ?? "",
    at: line.at ?? "",
    agent: line.agent ?? null,
    files: line.files ?? [],
    choices: line.choices ?? [],
    cards: line.cards ?? [],
    edited: false,
    deleted: false,
    remark: remark(line),
  };
}

function remark(line: Line): Remark | "" {
  return REMARKS.find((kind) => kind === line.kind) ?? "";
}
