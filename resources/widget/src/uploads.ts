/** Files of messages that are not sent yet. They are held by this page only: a reload loses what had not gone up. */

interface Held {
  readonly file: File;
  reference?: string;
}

export class Uploads {
  readonly #base: string;
  readonly #held = new Map<string, Held[]>();

  constructor(base: string) {
    this.#base = base;
  }

  add(id: string, files: readonly File[]): void {
    if (files.length) this.#held.set(id, files.map((file) => ({ file })));
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
  async #send(held: Held, token: string): Promise<string> {
    const { file } = held;
    try {
      const response = await fetch(`${this.#base}/files`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${token}`,
          "Content-Type": file.type || "application/octet-stream",
          "X-File-Name": encodeURIComponent(file.name),
        },
        body: file,
        credentials: "omit",
      });
      if ([401, 429, 503].includes(response.status)) return "later";
      const answer = (await response.json()) as { file?: string; code?: string };
      if (!answer.file) return answer.code ?? "invalid";
      held.reference = answer.file;
      return "";
    } catch {
      return "later";
    }
  }
}
