/** The line to the server: a WebSocket, and requests that wait where no WebSocket comes through. */

import { asFrame, type PageFrame, readFrame, type Refusal, type ServerFrame, SUBPROTOCOL, type Welcome } from "./protocol.ts";
import { backOff } from "./waiting.ts";

const OPEN_WITHIN_MS = 10_000;
const QUIET_MS = 35_000;
const ANSWER_MS = 10_000;
const SOON_MS = 1_000;
const LOOK_MS = 2_500;
const HELD_MS = 30_000;
const SOCKET_AGAIN_MS = 600_000;
const POLL_SECONDS = 25;
const FAILED_SOCKETS = 2;

const CODES: Record<number, string> = { 4001: "unauthorized", 4002: "version", 4003: "identity", 4004: "widget", 4005: "blocked", 4029: "too_many" };
const FATAL = ["version", "identity", "widget", "origin", "blocked"];

export interface Listener {
  /** The first frame of a connection, made anew each time. */
  hello(): PageFrame;
  /** A connection stands. */
  opened(welcome: Welcome): void;
  frame(frame: ServerFrame): void;
  /** No connection at present; another try follows. */
  lost(): void;
  /** The server does not know the token. Another try follows. */
  unknown(): void;
  /** The server will not talk with this page, whatever is tried. */
  refused(code: string): void;
}

/** Keeps one connection until it is stopped: connects, notices silence, connects again. */
export class Connection {
  readonly #base: string;
  readonly #listener: Listener;
  #socket: WebSocket | null = null;
  #polling: AbortController | null = null;
  #open = false;
  #failures = 0;
  #failedSockets = 0;
  #socketFrom = 0;
  #heard = 0;
  #asked = 0;
  #openedAt = 0;
  #again: number | undefined;
  #look: number | undefined;

  /** `base` is the address of the widget at the server: `https://desk.example.com/chat/v1/ID`. */
  constructor(base: string, listener: Listener) {
    this.#base = base;
    this.#listener = listener;
  }

  get started(): boolean {
    return this.#look !== undefined;
  }

  get open(): boolean {
    return this.#open;
  }

  start(): void {
    if (this.started) return;
    this.#look = window.setInterval(() => this.#watch(), LOOK_MS);
    this.#connect();
  }

  stop(): void {
    window.clearInterval(this.#look);
    window.clearTimeout(this.#again);
    this.#look = undefined;
    this.#drop();
  }

  /** The network or the page is back: look at once instead of when the time has come. */
  wake(): void {
    if (!this.started) return;
    if (this.#open && this.#socket) this.#ask();
    else if (!this.#socket && !this.#polling) this.#connect();
  }

  /** The browser says that there is no network, which it does not know of a server nearby: let it answer soon. */
  doubt(): void {
    if (!this.#open || !this.#socket) return;
    this.#ask();
    this.#asked -= ANSWER_MS - SOON_MS;
  }

  /** Ends the connection and makes a new one. */
  renew(): void {
    if (!this.started) return;
    this.#drop();
    this.#connect();
  }

  /** Sends a frame if there is a connection; whether it arrived is told by the server's answer alone. */
  send(frame: PageFrame): void {
    if (!this.#open) return;
    if (this.#socket) this.#socket.send(JSON.stringify(frame));
    else void this.#post([frame], 0);
  }

  #connect(): void {
    window.clearTimeout(this.#again);
    if (this.#failedSockets >= FAILED_SOCKETS && Date.now() < this.#socketFrom) void this.#poll();
    else this.#openSocket();
  }

  #openSocket(): void {
    const socket = new WebSocket(this.#base.replace(/^http/, "ws") + "/socket", SUBPROTOCOL);
    this.#socket = socket;
    this.#asked = this.#heard = Date.now();
    socket.onopen = () => socket.send(JSON.stringify(this.#listener.hello()));
    socket.onmessage = (event) => this.#take(readFrame(event.data));
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#closed(event.code);
    };
  }

  #closed(code: number): void {
    if (!this.#open && !(code in CODES)) {
      this.#failedSockets += 1;
      this.#socketFrom = Date.now() + SOCKET_AGAIN_MS;
    }
    this.#fail(CODES[code] ?? "", null);
  }

  #take(frame: ServerFrame | null): void {
    this.#heard = Date.now();
    this.#asked = 0;
    if (frame?.t === "welcome" && !this.#open) this.#welcomed(frame);
    else if (frame?.t === "error" && this.#ends(frame)) this.#fail(frame.code, frame.retry);
    else if (frame) this.#listener.frame(frame);
  }

  #welcomed(welcome: Welcome): void {
    this.#open = true;
    this.#openedAt = Date.now();
    if (this.#socket) this.#failedSockets = 0;
    this.#listener.opened(welcome);
  }

  /** Says whether this error is one of the connection and not of a command. */
  #ends(error: Refusal): boolean {
    return !error.id && (!this.#open || ["unauthorized", "closing", ...FATAL].includes(error.code));
  }

  #fail(code: string, retry: number | null): void {
    const held = this.#open && Date.now() - this.#openedAt > HELD_MS;
    this.#drop();
    if (!this.started) return;
    if (FATAL.includes(code)) {
      this.stop();
      return this.#listener.refused(code);
    }
    if (code === "unauthorized") this.#listener.unknown();
    this.#failures = held ? 1 : this.#failures + 1;
    this.#listener.lost();
    this.#again = window.setTimeout(() => this.#connect(), Math.max(backOff(this.#failures), (retry ?? 0) * 1_000));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    this.#asked = 0;
    socket?.close();
    this.#polling?.abort();
    this.#polling = null;
  }

  #watch(): void {
    const now = Date.now();
    if (!this.#socket) return;
    if (this.#asked && now - this.#asked > (this.#open ? ANSWER_MS : OPEN_WITHIN_MS)) this.#closed(0);
    else if (this.#open && !this.#asked && now - this.#heard > QUIET_MS) this.#ask();
    else if (this.#open && now - this.#openedAt > HELD_MS) this.#failures = 0;
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = Date.now();
    this.#socket?.send('{"t":"ping"}');
  }

  async #poll(): Promise<void> {
    const polling = new AbortController();
    this.#polling = polling;
    while (this.#polling === polling) {
      if (!(await this.#post([], this.#open ? POLL_SECONDS : 0))) return;
      if (Date.now() >= this.#socketFrom) return this.renew();
    }
  }

  /** Asks once; `false` when the connection is lost or ended by it. */
  async #post(frames: readonly PageFrame[], wait: number): Promise<boolean> {
    const polling = this.#polling;
    if (!polling) return false;
    const answer = await this.#answer({ frames: [this.#listener.hello(), ...frames], wait }, polling.signal);
    if (this.#polling !== polling) return false;
    if (!answer) {
      this.#failedSockets = 0; // it is the network that is away, not only the WebSocket
      this.#fail("", null);
      return false;
    }
    for (const frame of answer.frames ?? [answer]) {
      if (this.#polling === polling) this.#take(asFrame(frame));
    }
    return this.#polling === polling;
  }

  async #answer(asked: { frames: readonly PageFrame[]; wait: number }, stop: AbortSignal): Promise<{ frames?: unknown[] } | null> {
    const request = new AbortController();
    const end = (): void => request.abort();
    const limit = window.setTimeout(end, (asked.wait + 15) * 1_000);
    stop.addEventListener("abort", end);
    try {
      const body = JSON.stringify(asked);
      const response = await fetch(`${this.#base}/poll`, { method: "POST", body, credentials: "omit", signal: request.signal });
      return (await response.json()) as { frames?: unknown[] };
    } catch {
      return null;
    } finally {
      window.clearTimeout(limit);
      stop.removeEventListener("abort", end);
    }
  }
}
