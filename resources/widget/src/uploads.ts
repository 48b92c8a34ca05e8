/** Files of messages that are not sent yet. They are held by this page only: a reload loses what had not gone up. */

interface Held {
  readonly file: File;
  /** The page's own name of it: however often it is sent up, it is one file. */
  readonly id: string;
  sent: number;
  reference?: string;
}

export class Uploads {
  readonly #base: string;
  readonly #held = new Map<string, Held[]>();
  readonly #changed: () => void;

  constructor(base: string, changed: () => void) {
    this.#base = base;
    this.#changed = changed;
  }

  add(id: string, files: readonly File[]): void {
    if (files.length) this.#held.set(id, files.map((file, at) => ({ file, id: `${id.slice(0, 60)}-${at}`, sent: 0 })));
  }

  /** How much of a message's files is there, from 0 to 1. */
  progress(id: string): number {
    const held = this.#held.get(id) ?? [];
    const whole = held.reduce((sum, one) => sum + one.file.size, 0);
    return held.reduce((sum, one) => sum + one.sent, 0) / (whole || 1);
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  forget(id: string): void {
    this.#held.delete(id);
  }

  /** The references were used up or are too old: the files go up once more. */
  again(id: string): void {
    for (const one of this.#held.get(id) ?? []) delete one.reference;
  }

  /**
   * Sends up what is not there yet, one file after the other, and gives the references of all files of a message.
   *
   * Else the code of the refusal, or `later` where it may go when it is tried again.
   */
  async references(id: string, token: string): Promise<string[] | string> {
    const held = this.#held.get(id);
    if (!held) return "file";
    for (const one of held) {
      const code = one.reference ? "" : await this.#send(one, token);
      if (code) return code;
    }
    return held.map((one) => one.reference!);
  }

  /** Sends one file up; gives the code of what went wrong, or nothing. */
  #send(held: Held, token: string): Promise<string> {
    const { file } = held;
    const request = new XMLHttpRequest(); // fetch does not tell how far it has come
    request.open("POST", `${this.#base}/files`);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("X-File-Id", held.id);
    request.upload.onprogress = (event) => {
      held.sent = Math.min(event.loaded, file.size);
      this.#changed();
    };
    return new Promise((done) => {
      request.onerror = request.ontimeout = () => done("later");
      request.onload = () => done(this.#answered(held, request));
      request.send(file);
    });
  }

  #answered(held: Held, { status, responseText }: XMLHttpRequest): string {
    if ([401, 429, 503].includes(status)) return "later";
    try {
      const answer = JSON.parse(responseText) as { file?: string; code?: string };
      if (!answer.file) return answer.code ?? "invalid";
      held.reference = answer.file;
      held.sent = held.file.size;
      return "";
    } catch {
      return "later";
    }
  }
}
