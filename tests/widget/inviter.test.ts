import assert from "node:assert/strict";
import { test } from "node:test";

import { goOn, isDue, type Scene, type VisitKept } from "../../resources/widget/src/inviter.ts";
import type { Invitation } from "../../resources/widget/src/protocol.ts";

const MINUTE = 60_000;
const visit: VisitKept = { at: 0, pages: 2, from: "https://search.example/?q=desk", back: false, done: false };
const scene: Scene = { seconds: 10, address: "/prices?plan=team", scroll: 40, online: false };
const due = (rule: Partial<Invitation>, of: Partial<VisitKept> = {}, at: Partial<Scene> = {}): boolean =>
  isDue({ id: "one", text: "Hello", ...rule }, { ...visit, ...of }, { ...scene, ...at });

test("all that a rule asks for must hold", () => {
  assert.ok(due({}));
  assert.deepEqual([due({ after: 10 }), due({ after: 11 })], [true, false]);
  assert.deepEqual([due({ scroll: 40 }), due({ scroll: 41 })], [true, false]);
  assert.deepEqual([due({ pages: 2 }), due({ pages: 3 })], [true, false]);
  assert.deepEqual([due({ online: true }), due({ online: true }, {}, { online: true })], [false, true]);
  assert.deepEqual([due({ returning: true }), due({ returning: true }, { back: true })], [false, true]);
  assert.equal(due({ after: 5, scroll: 90 }), false);
});

test("patterns stand for whole texts", () => {
  const fits = ["/prices*", "*plan=team", "/prices?plan=team", "*", "/*?plan=*", "/p*c*s?plan=team*", "*/prices*"];
  for (const address of fits) assert.ok(due({ address }), address);
  const others = ["/prices", "prices*", "*plan", "/prices?plan=team/*", "*team*team", "/prices*prices*", "/a*"];
  for (const address of others) assert.ok(!due({ address }), address);
  assert.deepEqual([due({ referrer: "*search.example*" }), due({ referrer: "*other.example*" })], [true, false]);
});

test("a visit goes on from page to page, and is over after half an hour", () => {
  const first = goOn(undefined, 0, "https://search.example/", false);
  assert.deepEqual(first, { at: 0, pages: 1, from: "https://search.example/", back: false, done: false });
  const second = goOn({ ...first, done: true }, 29 * MINUTE, "https://shop.example/", true);
  assert.deepEqual(second, { at: 29 * MINUTE, pages: 2, from: "https://search.example/", back: false, done: true });
  const later = goOn(second, 60 * MINUTE, "", false);
  assert.deepEqual([later.pages, later.back, later.done], [1, true, false]);
});
