import { z } from "zod";
import { sensitivities, visibilities } from "../vocabulary.ts";

/** Letters, digits and `. _ - /` inside; no empty or dotted path segment, so that a name is safe in a URL and a file. */
const namePattern = /^(?!.*(?:\/\/|\.\.|\/\.|\.\/))[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/;
const emailPattern = /^[^\s@<>(),;:"\\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?$/;
const controlCharacter = /\p{Cc}/u;

export const nameSchema = z.string().regex(namePattern, "Use letters, digits, `.`, `_`, `-`, `/`, at most 128.");

/** Compared in lower case: one mailbox is one owner, however it is typed. */
export const emailSchema = z
  .string()
  .max(254)
  .regex(emailPattern, "Write an e-mail address.")
  .transform((value) => value.toLowerCase());

/** One line for people: no control characters, which would forge lines in logs and terminals. */
export const lineSchema = z
  .string()
  .min(1)
  .max(300)
  .refine((value) => !controlCharacter.test(value), "Use one line without control characters.");

export const proseSchema = z.string().min(1).max(4000);

/** Word of a label, class, claim or region. Compared exactly. */
export const wordSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/, "Use one word.");
export const wordsSchema = z.array(wordSchema).max(100);

export const regionSchema = wordSchema;
export const sensitivitySchema = z.enum(sensitivities);
export const visibilitySchema = z.enum(visibilities);

export const durationSchema = z.string().regex(/^(?:0|[1-9][0-9]{0,6})(?:s|m|h|d)$/, "Write a duration such as `30m`, `8h` or `183d`.");

/** Money and other exact amounts: at most 4 places, because Cedar's decimal holds no more. */
export const decimalSchema = z.string().regex(/^(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,4})?$/, "Write a decimal in quotes, at most 4 places.");

export const daySchema = z
  .string()
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, "Write a date such as `2027-03-31`.")
  .refine((value) => isRealDay(value), "This day does not exist.");

/** RFC 3339 instant with zone, or a day, which means its first second in UTC: the stricter reading of an end. */
export const instantSchema = z
  .string()
  .max(40)
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2}))?$/, "Write an instant such as `2027-03-31T12:00:00Z`.")
  .refine((value) => isRealDay(value.slice(0, 10)) && !Number.isNaN(Date.parse(value)), "This instant does not exist.");

export const httpUrlSchema = z
  .string()
  .max(2000)
  .refine((value) => isHttpUrl(value), "Write an http or https address without a user name, a query or a fragment.");

export const countSchema = z.int().min(0).max(1_000_000_000_000);

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of a `durationSchema` text. */
export function durationSeconds(text: string): number {
  const unit = text.at(-1) as keyof typeof unitSeconds;
  return Number(text.slice(0, -1)) * unitSeconds[unit];
}

function isRealDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

function isHttpUrl(value: string): boolean {
  if (controlCharacter.test(value) || value.includes(" ")) return false;
  const url = URL.parse(value);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return false;
  return url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}
