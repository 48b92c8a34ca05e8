import assert from "node:assert/strict";
import { test } from "node:test";

import { contrast, palette, parseColour } from "../../resources/widget/src/colour.ts";
import { hostOf, linkParts, webAddress } from "../../resources/widget/src/links.ts";
import { readFrame } from "../../resources/widget/src/protocol.ts";
import { chosenLanguage, languageTags, Words } from "../../resources/widget/src/texts/index.ts";
import { backOff } from "../../resources/widget/src/waiting.ts";

const of = (colour: string) => parseColour(colour)!;

test("any company colour can be read, on light and on dark ground", () => {
  const steps = ["00", "33", "66", "99", "cc", "ff"];
  for (const red of steps) for (const green of steps) for (const blue of steps) {
    for (const [ground, hardest] of [["#ffffff", "#f0f2f6"], ["#1e2128", "#2a2e37"]] as const) {
      const made = palette(`#${red}${green}${blue}`, ground, hardest);
      assert.ok(contrast(of(made.fill), of(made.onFill)) >= 4.5, `${red}${green}${blue} under its text`);
      for (const behind of [ground, hardest]) assert.ok(contrast(of(made.accent), of(behind)) >= 4.5, `${red}${green}${blue} as text on ${ground}`);
    }
  }
});

test("a colour that can be read stays as it is", () => {
  assert.deepEqual(palette("#22523F", "#ffffff"), { fill: "#22523f", onFill: "#ffffff", accent: "#22523f" });
  assert.equal(palette("red; background: url(x)", "#ffffff").fill, "#2f55d4");
  assert.deepEqual(parseColour("#0af"), [0, 170, 255]);
  assert.equal(contrast(of("#000000"), of("#ffffff")), 21);
});

test("addresses in a text become links, and the text stays the same", () => {
  const cases: [string, string[]][] = [
    ["see https://shop.example/a?b=1&c=2.", ["https://shop.example/a?b=1&c=2"]],
    ["(https://shop.example/wiki_(desk))", ["https://shop.example/wiki_(desk)"]],
    ["www.shop.example, or ana@shop.example!", ["https://www.shop.example/", "mailto:ana@shop.example"]],
    ["https://a.example، https://b.example。", ["https://a.example/", "https://b.example/"]],
    ["javascript:alert(1) data:text/html,x file:///etc/passwd vbscript:x", []],
    ["https://bank.example@evil.example/ and http://a:b@c.example", []],
    ["https:// http://[ nothing.here 3.14", []],
    ['<a href="https://x.example">x</a>', ["https://x.example/"]],
  ];
  for (const [text, expected] of cases) {
    const parts = linkParts(text);
    assert.equal(parts.map((part) => part.text).join(""), text);
    assert.deepEqual(parts.flatMap((part) => part.href ?? []), expected, text);
  }
});

test("a host is shown as it is in truth", () => {
  assert.equal(hostOf("https://аррӏе.example/x"), "xn--80ak6aa92e.example");
  assert.equal(webAddress("JAVASCRIPT:alert(1)"), null);
  assert.equal(webAddress("java\nscript:alert(1)"), null);
});

test("long texts are searched quickly", () => {
  for (const piece of ["a@", "www.", "https://(", "(((((", "a.b-c_d+", "!?.,"]) linkParts(piece.repeat(5_000 / piece.length));
});

test("the wait doubles, has an end, and is never the same for all", () => {
  assert.deepEqual([1, 2, 3, 6, 7, 99].map((failures) => backOff(failures, () => 1)), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  assert.equal(backOff(3, () => 0), 2_000);
});

test("what is no frame is none", () => {
  for (const data of ["", "x", "null", "1", "[]", '{"t":1}', new ArrayBuffer(2), undefined]) assert.equal(readFrame(data), null);
  assert.deepEqual(readFrame('{"t":"pong"}'), { t: "pong" });
});

test("only what is a tag is asked for", () => {
  assert.deepEqual(languageTags([null, undefined, "", "de_DE", "not a tag", "pt-BR", "de"]), ["pt-BR", "de"]);
  assert.deepEqual(languageTags(["zh-Hant-TW", "de-DE-1996", "es-419", "en-x-shop"]), ["zh-Hant-TW", "de-DE", "es-419", "en"]);
});

test("what a language lacks is said in English, and a tag that no browser knows breaks nothing", () => {
  const words = new Words("de-x", { open: "Chat öffnen" });
  assert.deepEqual([words.say("open"), words.say("send"), words.language], ["Chat öffnen", "Send", "de"]);
});

test("words are filled, with the numbers and the direction of the language", () => {
  assert.equal(new Words("en").say("here", { name: "Jonas" }), "Jonas is here");
  assert.equal(new Words("en").say("here", { name: "{n}" }), "{n} is here");
  assert.equal(new Words("ar", { here: "{name} هنا" }).say("here", { name: "Jonas" }), "\u2068Jonas\u2069 هنا", "a name keeps its own direction");
  assert.equal(new Words("ar-EG").direction, "rtl");
  assert.match(new Words("de").moment("2026-11-23T08:00:00Z"), /^Montag, 23\. November/);
  assert.equal(new Words("de").moment("no moment"), "");
  assert.equal(new Words("de").size(1_500_000), "1,5 MB");
  assert.equal(new Words("de").time("no date"), "");
});

test("the launcher is called something that the server would have chosen", () => {
  const usable = ["de", "en"];
  assert.equal(chosenLanguage(["fr", "de", "de-AT", "en"], usable), "de-AT");
  assert.equal(chosenLanguage(["EN-gb", "de"], usable), "EN-gb");
  assert.equal(chosenLanguage(["fr"], usable), null);
  assert.equal(chosenLanguage([], usable), null);
});
