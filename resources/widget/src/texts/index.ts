/** Which language, and its words. */

import { ar } from "./ar.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { it } from "./it.ts";
import { ja } from "./ja.ts";
import { nl } from "./nl.ts";
import { pl } from "./pl.ts";
import { pt } from "./pt.ts";

export type Key = keyof typeof en;
export type Texts = Readonly<Record<Key, string>>;

export const TEXTS: Readonly<Record<string, Texts>> = { ar, de, en, es, fr, it, ja, nl, pl, pt };

const RIGHT_TO_LEFT = ["ar"];
const RTL_LETTER = /[\u0590-\u08ff]/;

/** Words in one language, with the numbers and times of that language. */
export class Words {
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  readonly #texts: Texts;

  constructor(language: string) {
    this.language = language;
    this.#texts = TEXTS[primary(language)] ?? en;
    this.direction = RIGHT_TO_LEFT.includes(primary(language)) ? "rtl" : "ltr";
  }

  /** The text of `key`, its `{places}` filled. */
  say(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
    return this.#texts[key].replace(/\{(\w+)\}/g, (_, place: string) => {
      const value = values[place] ?? "";
      if (typeof value === "number") return value.toLocaleString(this.language);
      return this.direction === "rtl" || RTL_LETTER.test(value) ? `\u2068${value}\u2069` : value;
    });
  }

  time(at: string): string {
    return this.#date(at, { hour: "numeric", minute: "2-digit" });
  }

  day(at: string): string {
    return this.#date(at, { weekday: "long", day: "numeric", month: "long" });
  }

  /** A moment of the next days, in the visitor's own time zone. */
  moment(at: string): string {
    return this.#date(at, { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" });
  }

  minutes(count: number): string {
    return new Intl.NumberFormat(this.language, { style: "unit", unit: "minute", unitDisplay: "long" }).format(count);
  }

  number(value: number): string {
    return value.toLocaleString(this.language);
  }

  percent(share: number): string {
    return share.toLocaleString(this.language, { style: "percent" });
  }

  size(bytes: number): string {
    const power = bytes < 1_000 ? 0 : bytes < 1_000_000 ? 1 : 2;
    const [value, unit] = [bytes / 1_000 ** power, ["byte", "kilobyte", "megabyte"][power]!];
    const style = { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 } as const;
    return new Intl.NumberFormat(this.language, style).format(value);
  }

  #date(at: string, style: Intl.DateTimeFormatOptions): string {
    const date = new Date(at);
    return isNaN(+date) ? "" : date.toLocaleString(this.language, style);
  }
}

/**
 * The first wish that the widget has words for, and that the company allows; else the company's first, else English.
 *
 * `allowed` empty allows all. A later wish may name the region of the language, as times and numbers differ in it.
 */
export function chooseLanguage(wishes: readonly (string | null | undefined)[], allowed: readonly string[]): string {
  const usable = (wish: string): boolean =>
    Boolean(TEXTS[primary(wish)]) && (!allowed.length || allowed.some((one) => primary(one) === primary(wish)));
  const wished = wishes.find((wish) => wish && isTag(wish) && usable(wish));
  const near = wishes.find((wish) => wished && wish && isTag(wish) && wish.startsWith(`${wished}-`));
  return near ?? wished ?? allowed.find((one) => isTag(one) && TEXTS[primary(one)]) ?? "en";
}

function primary(tag: string): string {
  return tag.split("-")[0]!.toLowerCase();
}

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}
