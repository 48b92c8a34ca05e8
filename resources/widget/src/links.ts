/** Finds web and mail addresses in plain text. What is no plain, honest address stays text. */

/** A piece of a text; with `href` it is a link. */
export interface Part {
  readonly text: string;
  readonly href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+|\bwww\.[^\s<>"'`]+\.[^\s<>"'`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/giu;
const PUNCTUATION = /[.,;:!?'"*_~»”’؟،。、！？）]+$/u;

/** The `text` in pieces, in their order; put together again they are the text. */
export function linkParts(text: string): Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0]);
    const href = webAddress(address);
    if (!href) continue;
    if (found.index > done) parts.push({ text: text.slice(done, found.index) });
    parts.push({ text: address, href });
    done = found.index + address.length;
  }
  if (done < text.length) parts.push({ text: text.slice(done) });
  return parts;
}

/** The address to open for `text`, or `null`: only http, https and mailto, never with a user name in front of the host. */
export function webAddress(text: string): string | null {
  const mail = /^[\w.+-]+@[\w.-]+$/u.test(text);
  const written = mail ? `mailto:${text}` : /^www\./i.test(text) ? `https://${text}` : text;
  if (!/^(https?|mailto):/i.test(written) || !URL.canParse(written)) return null;
  const url = new URL(written);
  return url.username || url.password ? null : url.href;
}

/** The host of an address as it is in truth (`xn--…` for letters that could deceive). */
export function hostOf(href: string): string {
  return URL.canParse(href) ? new URL(href).host : "";
}

/** Without the punctuation that belongs to the sentence around it, and without a bracket that it did not open. */
function trimmed(address: string): string {
  for (;;) {
    let shorter = address.replace(PUNCTUATION, "");
    for (const [open, close] of ["()", "[]", "{}"]) {
      if (shorter.endsWith(close!) && count(shorter, close!) > count(shorter, open!)) shorter = shorter.slice(0, -1);
    }
    if (shorter === address) return address;
    address = shorter;
  }
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}
