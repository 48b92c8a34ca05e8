/** One visitor's session: the log, what is not sent yet, and who is there. It knows the server, and no element. */

import { Connection, type Listener } from "./connection.ts";
import type { Keep, Named, Waiting } from "./keep.ts";
import { Log, type Message, NOTHING } from "./log.ts";
import type { Ability, Agent, Invitation, Line, PageFrame, Profile, Refusal, ServerFrame, Settings, Welcome } from "./protocol.ts";
import { VERSION } from "./protocol.ts";
import { Uploads } from "./uploads.ts";

const PREVIEW_AGAIN_MS = 1_000;
const PREVIEW_LENGTH = 1_000;
const TYPING_AGAIN_MS = 3_000;
const TYPING_ENDS_MS = 8_000;
const OLDER = 50;
const ABANDONED_MS = 600_000;
const REVISABLE_MS = 300_000;

/** What became of a message of the visitor. */
export type Fate = "sending" | "failed" | "delivered" | "read";

export interface Shown extends Message {
  readonly fate: Fate;
  /** The code of the refusal of a failed one. */
  readonly why?: string;
  /** How much of its files is at the server, from 0 to 1. */
  readonly progress?: number | undefined;
  /** The visitor can still change it, or take it back. */
  readonly revisable?: boolean;
}

export interface Options {
  readonly base: string;
  readonly settings: Settings;
  readonly keep: Keep;
  readonly language: string;
  readonly identity: unknown;
}

/** Tells `changed` whenever something differs that a visitor could see, and `arrived` for each new message of others. */
export class Session implements Listener {
  readonly settings: Settings;
  readonly keep: Keep;
  readonly log = new Log();
  readonly uploads: Uploads;
  changed: () => void = () => undefined;
  arrived: (lines: readonly Line[]) => void = () => undefined;
  left: () => void = () => undefined;

  online: boolean;
  back: string | null;
  /** The place among those who wait for somebody, and about how many minutes it takes; 0: not known. */
  place = 0;
  minutes = 0;
  agent: Agent | null = null;
  typing: Agent | null = null;
  connected = false;
  /** A connection was lost, or did not come about; the next try is under way. */
  cut = false;
  /** The team has closed the chat: nothing can be written. */
  blocked = false;
  welcomed = false;
  /** The message that the visitor is changing. */
  editing: Message | null = null;
  /** The last change came too late. */
  late = false;
  profile: Profile | null = null;

  readonly #connection: Connection;
  readonly #options: Options;
  #can: readonly Ability[];
  #readUpto = 0;
  /** By how many milliseconds the visitor's clock is ahead of the server's. */
  #ahead = 0;
  #inFlight: string | null = null;
  /** What the server has, but whose lines are not here yet: it stays in sight as it is, and is not sent again. */
  readonly #taken = new Set<string>();
  #pause: number | undefined;
  #typingEnds: number | undefined;
  #toldTyping = 0;
  #typingSoon: number | undefined;
  #told = { delivered: 0, read: 0 };
  #page = "";
  /** With which token this page said hello last; another tab may have another one by now. */
  #said: string | null = null;
  /** Of which book the lines are. */
  #epoch: string | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.settings = options.settings;
    this.keep = options.keep;
    this.online = options.settings.online;
    this.back = options.settings.back ?? null;
    this.#can = options.settings.can;
    this.uploads = new Uploads(options.base, () => this.changed());
    this.#connection = new Connection(options.base, this);
    this.#giveUpFiles((one) => one.at < Date.now() - ABANDONED_MS);
  }

  /** Says whether the visitor has been here before. */
  get known(): boolean {
    return Boolean(this.keep.get("token"));
  }

  can(ability: Ability): boolean {
    return this.#can.includes(ability);
  }

  connect(): void {
    this.#connection.start();
  }

  /** Leaves without forgetting: the page is put aside. */
  rest(): void {
    this.#giveUpFiles((one) => this.uploads.has(one.frame.id));
    this.#connection.stop();
    this.#setConnected(false);
  }

  wake(): void {
    this.#connection.wake();
  }

  doubt(): void {
    this.#connection.doubt();
  }

  // --- what the visitor does ---

  /** Sends a text with files; it stays among the waiting until the server has it. */
  write(text: string, files: readonly File[] = []): void {
    const id = newId();
    this.late = false;
    this.uploads.add(id, files);
    const named = files.map(({ name, type, size }) => ({ name, type, size }));
    const invitation = this.invited?.id;
    this.#enqueue({ t: "message", id, text, files: [], ...(invitation && { invitation }) }, named);
    this.#toldTyping = 0;
  }

  /** The visitor accepts an invitation: what they write first answers it. */
  invite({ id, text }: Invitation): void {
    this.keep.put({ invited: { id, text } });
  }

  /** The invitation that is not answered yet. */
  get invited(): { readonly id: string; readonly text: string } | null {
    return this.keep.get("invited") ?? null;
  }

  /** Begins to change a message; `null`: leaves it as it is. */
  edit(message: Message | null): void {
    this.editing = message;
    this.changed();
  }

  /** Lets a message that was sent say `text`, or, without one, be gone. */
  revise(of: string, text?: string): void {
    this.editing = null;
    this.late = false;
    this.#enqueue({ id: newId(), of, ...(text === undefined ? { t: "delete" } : { t: "edit", text }) });
  }

  introduce(profile: Partial<Profile>): void {
    this.profile = { name: "", email: "", topic: "", consent: false, ...this.profile, ...profile };
    this.#enqueue({ t: "profile", id: newId(), ...profile });
  }

  end(): void {
    this.#enqueue({ t: "end", id: newId() });
  }

  rate(score: number, effort: number | null, text: string): void {
    this.#enqueue({ t: "survey", id: newId(), score, effort, text });
  }

  /** Whether the server sends copies, and has something of the team's to send. */
  get hasCopy(): boolean {
    return this.can("transcript") && this.log.messages().some((one) => one.agent);
  }

  askForCopy(email: string): void {
    this.#enqueue({ t: "transcript", id: newId(), email });
  }

  retry(id: string): void {
    const one = this.#find(id);
    if (!one) return;
    const lost = one.files && !this.uploads.has(id); // a reload took the files: the text goes alone
    if (lost && !one.frame["text"]) this.takeBack(id);
    else this.#enqueue(one.frame, lost ? undefined : one.files);
  }

  takeBack(id: string): void {
    this.keep.answered(id);
    this.uploads.forget(id);
    this.changed();
  }

  /** The visitor has changed the text that is not sent yet; empty: they do not write any more. */
  tellTyping(text: string): void {
    if (!this.can("typing") || !this.connected) return;
    const preview = this.can("preview");
    const wait = this.#toldTyping + (preview ? PREVIEW_AGAIN_MS : TYPING_AGAIN_MS) - Date.now();
    window.clearTimeout(this.#typingSoon);
    if (text && wait > 0) {
      if (preview) this.#typingSoon = window.setTimeout(() => this.tellTyping(text), wait);
    } else if (text || this.#toldTyping) {
      this.#toldTyping = text ? Date.now() : 0;
      this.#connection.send({ t: "typing", on: !!text, ...(preview && { text: text.slice(-PREVIEW_LENGTH) }) });
    }
  }

  /** All that is here was on screen. */
  read(): void {
    const cursor = this.log.cursor;
    if (cursor > (this.keep.get("read") ?? 0)) this.keep.put({ read: cursor });
    this.#tellSeen("read", cursor);
  }

  get unread(): number {
    return this.log.unread(this.keep.get("read") ?? 0);
  }

  /** Asks for lines before those that are here. */
  older(): void {
    if (!this.log.complete && this.log.oldest) this.#connection.send({ t: "older", before: this.log.oldest, most: OLDER });
  }

  /** The visitor went to another page of the site. */
  visit(): void {
    if (!this.connected || location.href === this.#page) return;
    this.#connection.send({ t: "page", page: this.here() });
  }

  /** All messages, those on their way at the end. */
  messages(): Shown[] {
    const sent = this.log.messages();
    const answered = sent.filter((one) => one.from === "agent").at(-1)?.n ?? 0; // who answers has read what is before
    const known = new Set(sent.map((one) => one.id));
    const invited = this.invited ? [this.#asked(this.invited)] : [];
    const waiting = this.keep.waiting();
    const changes = new Map(waiting.map(({ frame }) => [frame["of"], frame]));
    const shown = sent.map((one) => ({ ...revised(one, changes.get(one.id)), fate: this.#fate(one, answered), revisable: this.#revisable(one) }));
    const coming = waiting.filter(({ frame }) => frame.t === "message" && !known.has(frame.id));
    return [...shown, ...invited, ...coming.map((one) => this.#shown(one))];
  }

  /** An invitation as the first line of what is to come. */
  #asked({ id, text }: { readonly id: string; readonly text: string }): Shown {
    const nothing = { ...NOTHING, agent: null, edited: false, deleted: false, remark: "" } as const;
    return { ...nothing, id, n: Infinity, from: "agent", text, at: new Date().toISOString(), fate: "read" };
  }

  #revisable(one: Message): boolean {
    const age = Date.now() - this.#ahead - Date.parse(one.at);
    return this.can("edits") && one.from === "visitor" && !one.deleted && age < REVISABLE_MS;
  }

  #fate(message: Message, answered: number): Fate {
    return this.can("read") && message.n <= Math.max(this.#readUpto, answered) ? "read" : "delivered";
  }

  /** Marks messages whose files went away with their page: only the visitor can choose those again. */
  #giveUpFiles(lost: (one: Waiting) => boolean): void {
    for (const one of this.keep.waiting()) {
      if (one.files && !one.failed && lost(one)) this.keep.keepWaiting({ ...one, failed: "file" });
    }
  }

  #find(id: string): Waiting | undefined {
    return this.keep.waiting().find((waiting) => waiting.frame.id === id);
  }

  #shown(one: Waiting): Shown {
    const { id, text } = one.frame;
    return {
      id,
      n: Infinity,
      from: "visitor",
      text: String(text ?? ""),
      at: new Date(one.at).toISOString(),
      agent: null,
      choices: [],
      cards: [],
      files: (one.files ?? []).map((file) => ({ ...file, url: "", picture: false })),
      edited: false,
      deleted: false,
      remark: "",
      fate: one.failed ? "failed" : "sending",
      why: one.failed ?? "",
      progress: one.files && this.uploads.progress(id),
    };
  }

  // --- what goes out ---

  #enqueue(frame: PageFrame & { id: string }, files?: readonly Named[]): void {
    this.keep.keepWaiting({ frame, at: Date.now(), ...(files?.length ? { files } : {}) });
    this.changed();
    this.connect();
    this.#pump();
  }

  /** Sends the first that waits; the next follows when it is answered, so that their order stays. */
  #pump(): void {
    if (this.#inFlight || !this.connected) return;
    const next = this.keep.waiting().find((one) => !one.failed && !this.#taken.has(one.frame.id) && (!one.files || this.uploads.has(one.frame.id)));
    if (!next) return;
    this.#inFlight = next.frame.id;
    void this.#dispatch(next);
  }

  async #dispatch(one: Waiting): Promise<void> {
    const { id } = one.frame;
    if (!one.files) return this.#connection.send(one.frame);
    const outcome = await this.uploads.references(id, this.keep.get("token") ?? "");
    if (this.#inFlight !== id) return;
    if (outcome === "later") this.#later(5);
    else if (typeof outcome === "string") this.#failed(id, outcome);
    else this.#connection.send({ ...one.frame, files: outcome });
  }

  #failed(id: string, code: string): void {
    const one = this.#find(id);
    if (one?.frame.t === "message") this.keep.keepWaiting({ ...one, failed: code });
    else this.keep.answered(id);
    this.#next(id);
  }

  #failAll(): void {
    for (const one of this.keep.waiting()) if (!one.failed) this.#failed(one.frame.id, "blocked");
  }

  #later(seconds: number): void {
    window.clearTimeout(this.#pause);
    this.#pause = window.setTimeout(() => {
      this.#inFlight = null;
      this.#pump();
    }, seconds * 1_000);
  }

  #next(id: string): void {
    if (this.#inFlight === id) this.#inFlight = null;
    this.changed();
    this.#pump();
  }

  // --- what comes in ---

  hello(): PageFrame {
    this.#said = this.keep.get("token") ?? null;
    return {
      t: "hello",
      v: VERSION,
      token: this.#said,
      epoch: this.#epoch ?? this.keep.get("epoch") ?? null,
      cursor: this.log.cursor,
      page: this.here(),
      language: this.language,
      time_zone: this.timeZone,
      identity: this.#options.identity,
    };
  }

  opened(welcome: Welcome): void {
    const stored = this.keep.get("token");
    if (welcome.token && stored && stored !== this.#said) return this.#connection.renew(); // another tab was quicker
    this.#inFlight = null;
    this.#taken.clear();
    window.clearTimeout(this.#pause);
    this.#told = { delivered: 0, read: 0 };
    this.#toldTyping = 0;
    this.#welcome(welcome);
    this.welcomed = true;
    this.cut = this.blocked = false;
    this.#setConnected(true);
    this.#pump();
  }

  frame(frame: ServerFrame): void {
    if (frame.t === "lines") this.#lines(frame.lines, frame.first);
    else if (frame.t === "ack") this.#acknowledged(frame.id, frame.n);
    else if (frame.t === "error") this.#error(frame);
    else if (frame.t === "typing") this.#typing(frame.on ? (frame.agent ?? { name: "", picture: null }) : null);
    else if (frame.t === "read") this.#readUpto = Math.max(this.#readUpto, frame.upto);
    else if (frame.t === "status") Object.assign(this, { online: frame.online, back: frame.back ?? null, agent: frame.agent, place: frame.place ?? 0, minutes: frame.minutes ?? 0 });
    else if (frame.t === "welcome") this.#welcome(frame);
    this.changed();
  }

  lost(): void {
    this.#inFlight = null;
    this.cut = true;
    this.#typing(null);
    this.#setConnected(false);
  }

  unknown(): void {
    this.log.clear();
    this.#epoch = null;
    if (this.keep.get("token") === this.#said) this.keep.forgetSession();
    this.profile = null;
    this.changed();
  }

  refused(code: string): void {
    this.blocked = code === "blocked";
    if (this.blocked) {
      this.cut = false;
      this.#failAll();
    }
    this.#setConnected(false);
    if (code !== "version" && !this.blocked) this.left();
  }

  #welcome(welcome: Welcome): void {
    const gap = welcome.from > this.log.cursor + 1 && this.log.cursor > 0;
    const other = this.#epoch !== null && welcome.epoch !== this.#epoch;
    if (welcome.fresh || gap || other) this.log.clear();
    if (welcome.fresh) this.keep.put({ read: 0, asked: 0 });
    this.#epoch = welcome.epoch;
    this.keep.put({ epoch: welcome.epoch, ...(welcome.token ? { token: welcome.token } : {}) });
    this.online = welcome.online;
    this.back = welcome.back ?? null;
    this.place = this.minutes = 0;
    this.agent = welcome.agent;
    const told = this.keep.waiting().filter((one) => one.frame.t === "profile").at(-1);
    this.profile = { ...welcome.profile, ...(told?.frame as Partial<Profile> | undefined) };
    this.#can = welcome.can;
    this.#ahead = Date.now() - Date.parse(welcome.time);
    if (welcome.cursor === 0) this.log.complete = true;
  }

  #lines(lines: readonly Line[], first: boolean): void {
    const before = this.log.cursor;
    const fresh = this.log.take(lines);
    if (first) this.log.complete = true;
    for (const line of fresh) if (line.id) this.#settled(line.id);
    if (this.invited && fresh.some((line) => line.n > before && line.from === "visitor")) this.keep.put({ invited: null });
    const others = fresh.filter((line) => line.kind === "message" && line.from === "agent");
    if (others.length) {
      this.#typing(null);
      this.place = this.minutes = 0; // who is answered does not wait, whatever the next status says
    }
    this.#tellSeen("delivered", this.log.cursor);
    const late = others.filter((line) => line.n > before && line.n > (this.keep.get("read") ?? 0));
    if (late.length) this.arrived(late);
  }

  #acknowledged(id: string, n: number): void {
    if (n > this.log.cursor) this.#taken.add(id);
    else this.#settled(id);
    this.#next(id);
  }

  #settled(id: string): void {
    this.uploads.forget(id);
    this.keep.answered(id);
  }

  #error(error: Refusal): void {
    if (!error.id) return;
    if (error.code === "slow_down" || error.code === "busy") return this.#later(error.retry ?? 2);
    if (error.code === "file") this.uploads.again(error.id);
    if (this.#find(error.id)?.frame["of"]) this.late = true;
    this.#failed(error.id, error.code);
  }

  #typing(agent: Agent | null): void {
    this.typing = agent;
    window.clearTimeout(this.#typingEnds);
    if (agent) this.#typingEnds = window.setTimeout(() => (this.#typing(null), this.changed()), TYPING_ENDS_MS);
  }

  #tellSeen(state: "delivered" | "read", upto: number): void {
    if (!this.can("seen") || !this.connected || upto <= this.#told[state]) return;
    this.#told[state] = upto;
    this.#connection.send({ t: "seen", upto, state });
  }

  #setConnected(connected: boolean): void {
    this.connected = connected;
    this.changed();
  }

  get language(): string {
    return this.#options.language;
  }

  /** The visitor's time zone (IANA), or nothing. A page's first `Intl` takes a slow phone a tenth of a second. */
  get timeZone(): string {
    const { Temporal } = globalThis as { Temporal?: { readonly Now: { timeZoneId(): string } } };
    return Temporal?.Now.timeZoneId() ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  }

  /** Whether a chat goes on, as far as this page knows. */
  get going(): boolean {
    return this.known && (!this.welcomed || (this.log.cursor > 0 && !this.log.ended));
  }

  /** The page that the visitor looks at. */
  here(): { url: string; title: string; referrer: string } {
    this.#page = location.href;
    return {
      url: location.href.slice(0, 2_000),
      title: document.title.slice(0, 300),
      referrer: document.referrer.slice(0, 2_000),
    };
  }
}

/** A message as it will be once the server has taken the `change`. */
function revised(one: Message, change: PageFrame | undefined): Message {
  if (!change) return one;
  return change.t === "delete" ? { ...one, ...NOTHING, deleted: true } : { ...one, text: String(change["text"]), edited: true };
}

/** An id that nobody else has. */
export function newId(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
