/** The widget's words, in English here; those of another language come with the settings (resources/widget/texts). */

import en from "../../texts/en.json";

export type Key = keyof typeof en;
export type Texts = Readonly<Record<Key, string>>;

const RIGHT_TO_LEFT = ["ar"];
const RTL_LETTER = /[\u0590-\u08ff]/;

/** Words in one language, with the numbers and times of that language. */
export class Words {
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  readonly #texts: Texts;

  /** `texts` are those of `language`; what is missing there is said in English. */
  constructor(language: string, texts: Partial<Texts> = {}) {
    this.language = languageTags([language, primaryOf(language)])[0]!;
    this.#texts = { ...en, ...texts };
    this.direction = isRightToLeft(language) ? "rtl" : "ltr";
  }

  /** The text of `key`, its `{places}` filled. */
  say(key: Key, values?: Readonly<Record<string, string | number>>): string {
    if (!values) return this.#texts[key];
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

/** What begins a tag of a language: the language, its script and its region. `Intl` would know too, and cost a slow phone its first moment. */
const TAG = /^[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(?=-|$)/i;

/** The tags of languages among `wishes`, without what stands after the region: the server chooses from them. */
export function languageTags(wishes: readonly (string | null | undefined)[]): string[] {
  return wishes.flatMap((wish) => wish?.match(TAG)?.[0] ?? []);
}

/** The first of `wishes` that is one of the `usable` languages; a later one may name its region. `null`: none. */
export function chosenLanguage(wishes: readonly string[], usable: readonly string[]): string | null {
  const found = wishes.find((wish) => usable.includes(primaryOf(wish)));
  return wishes.find((wish) => wish.startsWith(`${found}-`)) ?? found ?? null;
}

/** The language of a tag, without script and region. */
export function primaryOf(language: string): string {
  return language.split("-")[0]!.toLowerCase();
}

export function isRightToLeft(language: string): boolean {
  return RIGHT_TO_LEFT.includes(primaryOf(language));
}
