import type { ArgumentType } from "@mandate/model";

/**
 * Does this value stand in what the user wrote, as a thing of its type? Substring matching is the hole: a prompt that
 * mentions "June 13" once vouched for file id "13".
 * @param arg the argument's name: `file_id` makes "file 13" a typed reference
 */
export function standsIn(type: ArgumentType, value: unknown, userText: string, arg: string): boolean {
  const text = userText.normalize("NFKC");
  if (type === "amount") return amountStandsIn(value, text);
  const plain = plainText(value);
  return plain !== null && matchers[type](plain, text, arg);
}

const maxValueChars = 2000;

function plainText(value: unknown): string | null {
  const text = typeof value === "string" ? value.trim() : typeof value === "number" ? String(value) : "";
  // What only looks the same names something else: a file `ﬁle.txt` with a ligature is not the user's `file.txt`.
  if (text !== text.normalize("NFKC")) return null;
  return text === "" || text === "NaN" || text.length > maxValueChars ? null : text;
}

type Matcher = (value: string, text: string, arg: string) => boolean;

const matchers: Readonly<Record<Exclude<ArgumentType, "amount">, Matcher>> = {
  email: (value, text) => {
    const wanted = value.toLowerCase();
    return emailPattern.test(wanted) && emailsIn(text).has(wanted);
  },
  url: (value, text) => {
    const wanted = normaliseUrl(value);
    return wanted !== null && urlsIn(text).some((found) => sameUrl(found, wanted));
  },
  iban: (value, text) => {
    const compact = value.replaceAll(/[\s-]/g, "");
    return /^[a-z0-9]{5,34}$/i.test(compact) && bounded([...compact].join("[ -]?"), "a-z0-9", "i").test(text);
  },
  date: dateStandsIn,
  person: (value, text) => value.length >= 2 && !/\d/.test(value) && wordsStandIn(value, text),
  path: (value, text) =>
    !/(^|[\\/])\.\.([\\/]|$)/.test(value) &&
    new RegExp(`(?<![\\w./\\\\-])${escape(value)}(?![\\w/\\\\-]|\\.\\w)`, "u").test(text),
  id: idStandsIn,
  text: (value, text, arg) =>
    /^\d+$/.test(value) ? idStandsIn(value, text, arg) : value.length >= 2 && wordsStandIn(value, text),
};

function escape(value: string): string {
  return value.replaceAll(/[$()*+./?[\\\]^{|}]/g, "\\$&");
}

function bounded(pattern: string, boundary: string, flags: string): RegExp {
  return new RegExp(`(?<![${boundary}])${pattern}(?![${boundary}])`, flags);
}

/** Whole words, case and white space aside. */
function wordsStandIn(value: string, text: string): boolean {
  const words = value.split(/\s+/).map(escape).join("\\s+");
  return new RegExp(`(?<![\\p{L}\\p{N}_@])${words}(?![\\p{L}\\p{N}_@]|[.-][\\p{L}\\p{N}])`, "iu").test(text);
}

const emailPattern = /^[\w.%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}$/;

function emailsIn(text: string): ReadonlySet<string> {
  const found =
    text.toLowerCase().match(/(?<![\w.%+-])[\w.%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}/g) ?? [];
  return new Set(found);
}

interface NormalisedUrl {
  readonly scheme: string | null;
  readonly rest: string;
}

/** Host in its ASCII form, so that a look-alike letter is a different host; a URL with user info matches nothing. */
function normaliseUrl(text: string): NormalisedUrl | null {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? null;
  if (!URL.canParse(scheme === null ? `https://${text}` : text)) return null;
  const url = new URL(scheme === null ? `https://${text}` : text);
  if (url.username !== "" || url.password !== "" || !url.hostname.includes(".")) return null;
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : "";
  return { scheme, rest: `${url.host.replace(/^www\./, "")}${path}${url.search}${url.hash}` };
}

function urlsIn(text: string): readonly NormalisedUrl[] {
  const candidates = text.match(/[^\s<>"'()[\]{}]{1,2000}/g) ?? [];
  return candidates.flatMap((candidate) => {
    const trimmed = candidate.replace(/[.,;:!?]{1,20}$/, "");
    return [trimmed, ...beforeRunOn(trimmed)].flatMap((one) => (one.includes(".") ? (normaliseUrl(one) ?? []) : []));
  });
}

/** A sentence that starts without a space, "see www.halden.com.They wrote": the address ends before it. */
function beforeRunOn(candidate: string): readonly string[] {
  const end = /^[^\p{Lu}]{4,500}(?=\.\p{Lu}\p{Ll}+$)/u.exec(candidate)?.[0];
  return end === undefined ? [] : [end];
}

function sameUrl(a: NormalisedUrl, b: NormalisedUrl): boolean {
  return a.rest === b.rest && (a.scheme === null || b.scheme === null || a.scheme === b.scheme);
}

/**
 * An opaque id. One that mixes letters and digits is distinctive; a bare number or word could be anything, so it needs a
 * typed reference beside it: "file 13", "order no. 13", "#13".
 */
function idStandsIn(value: string, text: string, arg: string): boolean {
  const distinctive = /\p{L}/u.test(value) && /\d/.test(value);
  const whole = `${escape(value)}(?![\\p{L}\\p{N}_-]|\\.\\p{N})`;
  if (distinctive) return new RegExp(`(?<![\\p{L}\\p{N}_.-])${whole}`, "u").test(text);
  const nouns = ["id", "ids", "no", "number", "nr", ...nounsOf(arg)].join("|");
  return new RegExp(
    `(?:(?<![\\p{L}\\p{N}_])(?:${nouns})(?:\\s+(?:id|no|nr|number))?[.:]?\\s*#?|#)["'\`]?(?<![\\p{L}\\p{N}_-])${whole}`,
    "iu",
  ).test(text);
}

/** `file_id`, `fileId` and `file` all speak of a file. */
function nounsOf(arg: string): readonly string[] {
  const words = arg
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.filter((word) => word.length > 2).flatMap((word) => [word, `${word}s`]);
}

const currencyNames: Readonly<Record<string, string>> = {
  "€": "EUR",
  euro: "EUR",
  euros: "EUR",
  eur: "EUR",
  $: "USD",
  dollar: "USD",
  dollars: "USD",
  usd: "USD",
  "£": "GBP",
  pound: "GBP",
  pounds: "GBP",
  gbp: "GBP",
  chf: "CHF",
  "¥": "JPY",
  jpy: "JPY",
};
const symbol = "[€$£¥]|(?:euros?|eur|dollars?|usd|pounds?|gbp|chf|jpy)(?![a-z])";
const months =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

/** "40 minutes" and "12 people" are no amounts of money. */
const units =
  "(?:seconds?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?|people|persons?|guests?|times|items?|pages?|lines?|words?|km|miles?|degrees?)";

/** A number of the text that can be an amount: not part of a date, a time, an ordinal, a percentage, a measure or a reference. */
const amountPattern = new RegExp(
  `(?<![\\p{L}\\p{N}_.,:/#-])(?:(${symbol})\\s?)?(?<!(?:${months}|#|no\\.?|id|number|order|file|room)\\s{1,3})(\\d{1,3}(?:[,'\\u00a0 ]\\d{3})+(?:\\.\\d{1,4})?|\\d{1,15}(?:[.,]\\d{1,4})?)(?!\\d)(?:\\s?(${symbol}))?(?![\\p{L}%:/]|[.,-]\\d|[\\s-](?:${months}|${units})(?!\\p{L}))`,
  "giu",
);

function amountStandsIn(value: unknown, text: string): boolean {
  const money =
    typeof value === "object" && value !== null ? (value as { value?: unknown; currency?: unknown }) : { value };
  const wanted = amountOf(plainText(money.value) ?? "");
  if (wanted === null) return false;
  const currency = typeof money.currency === "string" ? money.currency.toUpperCase() : null;
  for (const match of text.matchAll(amountPattern)) {
    if (amountOf(match[2]!) !== wanted) continue;
    const said = currencyNames[(match[1] ?? match[3] ?? "").toLowerCase()];
    if (currency === null || said === undefined || said === currency) return true;
  }
  return false;
}

/** Canonical decimal text: `1,000.50` and `1000.5` are one amount; `40,00` is forty. */
function amountOf(text: string): string | null {
  const plain = text.replaceAll(/[ '\u00a0]/g, "");
  const dotted = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replaceAll(",", "") : plain.replace(",", ".");
  const match = /^(-?)0*(\d{1,15})(?:\.(\d{1,4}))?$/.exec(dotted);
  if (match === null) return null;
  const places = (match[3] ?? "").replace(/0+$/, "");
  return `${match[1]}${match[2]}${places === "" ? "" : `.${places}`}`;
}

/** The same day, however written; a time of day must be said too. Relative days ("tomorrow") match nothing. */
function dateStandsIn(value: string, text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.exec(
    value,
  );
  if (match === null) return false;
  const [, year, month, day, hour, minute] = match;
  if (hour !== undefined && !bounded(`0?${Number(hour)}:${minute}`, "\\d:", "").test(text)) return false;
  const name = months.split("|")[Number(month) - 1];
  if (name === undefined) return false;
  const d = `0?${Number(day)}(?:st|nd|rd|th)?`;
  const m = `0?${Number(month)}`;
  const forms = [
    `${year}-${month}-${day}`,
    `${d}\\. ?${m}\\. ?${year}`,
    `${d}\\.? (?:of )?(?:${name})(?:,? ${year}|(?!,? \\d{4}))`,
    `(?:${name}) ${d}(?:,? ${year}|(?!,? \\d{4}))`,
  ];
  return forms.some((form) => bounded(`(?:${form})`, "\\p{L}\\p{N}_", "iu").test(text));
}
