import { matchesOf } from "../matches.ts";
import type { Reading } from "../triggers.ts";

/** Words that an instruction can hardly do without, looked for in what was encoded to pass unread. */
const speaks = /\b(?:ignore|disregard|instructions?|previous|system prompt|password|the (?:user|output|sum|answer|function)|state|forget|click|send)\b/i;
const base64 = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{24,4000}={0,2}(?![A-Za-z0-9+/=])/g;
const hex = /(?<![A-Za-z0-9])(?:[0-9a-f]{2}){16,2000}(?![A-Za-z0-9])/gi;
/** Unicode tag characters (E0000 block) and runs of zero-width ones carry text that nobody sees. */
const invisible = /(?:\udb40[\udc20-\udc7e]){4,}|[\u200b-\u200d\u2060\u2063\ufeff]{8,}/g;
const morse = /(?<![\w.-])(?:[.-]{1,6}[ /]{1,3}){8,400}[.-]{1,6}(?![\w-])/g;

/** A shorter run without white space holds nothing encoded. */
const shortestRun = 24;

/** Spans that decode to an instruction, or that only hide. Standard decoders; nothing found is run or kept. */
export function hiddenSpans(text: string, { longestRun, foreign }: Reading): readonly { readonly start: number; readonly end: number }[] {
  const spans: { start: number; end: number }[] = [];
  const add = (match: RegExpExecArray): void => void spans.push({ start: match.index, end: match.index + match[0].length });
  if (longestRun >= shortestRun) {
    for (const match of matchesOf(text, base64)) if (speaks.test(decoded(match[0], base64Bytes))) add(match);
    for (const match of matchesOf(text, hex)) if (speaks.test(decoded(match[0], hexBytes))) add(match);
  }
  if (foreign) for (const match of matchesOf(text, invisible)) add(match);
  if (text.includes(".-") || text.includes("-.") || text.includes(". .")) for (const match of matchesOf(text, morse)) add(match);
  return spans;
}

function decoded(text: string, bytesOf: (text: string) => string): string {
  try {
    return bytesOf(text);
  } catch {
    return "";
  }
}

const base64Bytes = (text: string): string => atob(text.slice(0, text.length - (text.replace(/=+$/, "").length % 4 === 1 ? 1 : 0)));

const hexBytes = (text: string): string => {
  let bytes = "";
  for (let index = 0; index + 1 < text.length; index += 2) bytes += String.fromCharCode(Number.parseInt(text.slice(index, index + 2), 16));
  return bytes;
};
