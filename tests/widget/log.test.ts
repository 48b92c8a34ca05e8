import assert from "node:assert/strict";
import { test } from "node:test";

import { Keep } from "../../resources/widget/src/keep.ts";
import { Log } from "../../resources/widget/src/log.ts";
import type { Line } from "../../resources/widget/src/protocol.ts";

const line = (n: number, more: Partial<Line> = {}): Line => ({ n, kind: "message", id: `m${n}`, from: "agent", text: `text ${n}`, ...more });

test("lines count once, in whatever order they come", () => {
  const log = new Log();
  assert.deepEqual(log.take([line(3), line(2)]).map((one) => one.n), [3, 2]);
  assert.deepEqual(log.take([line(3, { text: "another" }), line(1)]).map((one) => one.n), [1]);
  assert.deepEqual(log.messages().map((one) => one.text), ["text 1", "text 2", "text 3"]);
  assert.deepEqual([log.oldest, log.cursor, log.complete], [1, 3, true]);
});

test("later lines change what stands before", () => {
  const log = new Log();
  log.take([line(1), line(2), { n: 3, kind: "edited", of: "m1", text: "better" }, { n: 4, kind: "deleted", of: "m2" }]);
  log.take([{ n: 5, kind: "edited", of: "unknown", text: "x" }, { n: 6, kind: "hologram" }]);
  const [first, second] = log.messages();
  assert.deepEqual([first!.text, first!.edited, second!.text, second!.deleted], ["better", true, "", true]);
  assert.equal(log.messages().length, 2);
});

test("a conversation is over until somebody writes again", () => {
  const log = new Log();
  log.take([line(1), { n: 2, kind: "ended" }, { n: 3, kind: "edited", of: "m1", text: "x" }]);
  assert.equal(log.ended, 2);
  const [, end] = log.messages();
  assert.deepEqual([end!.from, end!.remark, log.unread(0)], ["system", "ended", 1]);
  log.take([line(4)]);
  assert.equal(log.ended, 0);
});

test("who comes and goes is said, and counts as no message", () => {
  const log = new Log();
  const agent = { name: "Rana", picture: null };
  log.take([line(1), { n: 2, kind: "joined", from: "system", agent }, { n: 3, kind: "left", from: "system", agent }]);
  assert.deepEqual(log.messages().map((one) => [one.from, one.remark]).slice(1), [["system", "joined"], ["system", "left"]]);
  assert.deepEqual([log.unread(0), log.ended], [1, 0]);
});

test("only what others wrote is unread", () => {
  const log = new Log();
  log.take([line(1), line(2, { from: "visitor" }), line(3, { from: "system" }), line(4), { n: 5, kind: "deleted", of: "m4" }, line(6)]);
  assert.deepEqual([log.unread(0), log.unread(1), log.unread(6)], [2, 1, 0]);
});

test("lines that are none are passed over", () => {
  const log = new Log();
  assert.deepEqual(log.take([line(0), line(-1), line(1.5), line(NaN)]), []);
  assert.equal(log.cursor, 0);
});

/** A storage that fails as a browser's may: closed, or full. */
class Drawer implements Partial<Storage> {
  [key: string]: unknown;
  setItem(key: string, value: string): void {
    if (this["full"]) throw new Error("QuotaExceededError");
    this[key] = value;
  }
  getItem(key: string): string | null {
    return (this[key] as string | undefined) ?? null;
  }
  removeItem(key: string): void {
    delete this[key];
  }
}

const drawer = (): Storage => new Drawer() as unknown as Storage;
const waiting = (id: string, at: number) => ({ frame: { t: "message", id }, at });

test("what waits is kept in its order, and found by the next page", () => {
  const storage = drawer();
  const keep = new Keep("w", storage);
  keep.keepWaiting(waiting("b", 2));
  keep.keepWaiting(waiting("a", 1));
  new Keep("other", storage).keepWaiting(waiting("c", 3));
  assert.deepEqual(new Keep("w", storage).waiting().map((one) => one.frame.id), ["a", "b"]);
  keep.answered("a");
  assert.deepEqual(new Keep("w", storage).waiting().map((one) => one.frame.id), ["b"]);
});

test("without storage, and with a full one, this page remembers", () => {
  const full = drawer();
  Object.assign(full, { full: true });
  for (const storage of [null, full]) {
    const keep = new Keep("w", storage);
    keep.put({ token: "t" });
    keep.keepWaiting(waiting("a", 1));
    assert.equal(keep.get("token"), "t");
    assert.deepEqual(keep.waiting().map((one) => one.frame.id), ["a"]);
    keep.answered("a");
    assert.deepEqual(keep.waiting(), []);
  }
});

test("damaged storage is as good as an empty one", () => {
  const storage = drawer();
  Object.assign(storage, { "agentdesk:w": "{broken", "agentdesk:w:x": "null", "agentdesk:w:y": "[]" });
  const keep = new Keep("w", storage);
  assert.deepEqual([keep.get("token"), keep.waiting()], [undefined, []]);
});

test("forgetting a session keeps what is not sent", () => {
  const keep = new Keep("w", drawer());
  keep.put({ token: "t", epoch: "e", read: 4, silent: true });
  keep.keepWaiting(waiting("a", 1));
  keep.forgetSession();
  assert.deepEqual([keep.get("token"), keep.get("read"), keep.get("silent"), keep.waiting().length], [null, 0, true, 1]);
});
