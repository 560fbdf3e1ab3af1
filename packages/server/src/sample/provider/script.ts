/**
 * What the scripted provider says. Pure: the same request always gets the same scene, so a demonstration, a test and
 * a reader with a terminal all see the same thing.
 */

/** A request reduced to what the script reads, whichever wire format it came in. */
export interface ScriptedRequest {
  readonly model: string;
  /** Text of the last user turn. */
  readonly prompt: string;
  /** True when the newest turn is a tool's result: the scene then closes the loop with words, never another call. */
  readonly afterTool: boolean;
  /** Names of the tools as offered, in the caller's spelling. */
  readonly tools: readonly string[];
  /** The caller asked for JSON (response_format). */
  readonly json: boolean;
}

export interface Pacing {
  readonly delayMs: number;
  /** Sever the connection after this many pieces of the answer; null: never. */
  readonly cutAfterPieces: number | null;
}

export type Scene =
  | { readonly kind: "answer"; readonly text: string; readonly pacing: Pacing }
  | {
      readonly kind: "tool";
      readonly text: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly pacing: Pacing;
    }
  | { readonly kind: "error"; readonly status: ScriptedStatus };

/** The failures that `[error NNN]` can ask for. */
export const scriptedStatuses = [400, 401, 403, 404, 413, 429, 500, 503, 529] as const;
export type ScriptedStatus = (typeof scriptedStatuses)[number];

/** Stands in each answer's text: nobody may take a script for a model. */
export const label = "[scripted sample, no model behind it]";
/** Stands in `system_fingerprint`, where the wire format has one. */
export const fingerprint = "fp_mandate_scripted";

const steady: Pacing = { delayMs: 12, cutAfterPieces: null };

const answers: readonly (readonly [RegExp, string])[] = [
  [/\b(deliver|parcel|shipp)/i, "Your order left our Gothenburg warehouse yesterday and is due tomorrow before noon."],
  [
    /\b(return|exchange)/i,
    "You can return it within 30 days; the label is in the box and the refund takes three to five working days.",
  ],
  [
    /\b(summar|minutes|meeting)/i,
    "Three decisions: ship the spring range on 2 March, move the Lyon stock count to Thursday, and ask Dana for the delivery figures.",
  ],
  [
    /\b(describe|product|copy)/i,
    "A light wool coat with a hood that folds away. Made in Portugal, cut to layer over a jumper, and dry by morning.",
  ],
  [
    /\b(review|code|function|diff)/i,
    "The retry loop never resets its counter after a success. Move the assignment inside the branch and add a test for two failures in a row.",
  ],
  [
    /\b(forecast|demand|stock)/i,
    "Demand for rain boots should rise by about 14 % next week; reorder sizes 37 to 40 for the coast stores first.",
  ],
  [
    /\b(fraud|chargeback|suspicious)/i,
    "Two signals deserve a look: a new device and a delivery address 600 km from the card's country. Neither is proof.",
  ],
  [
    /\b(supplier|reminder|invoice)/i,
    "Draft: Dear partner, invoice 2026-118 fell due on Friday. Could you confirm the delivery note so that we can release it?",
  ],
  [/\b(translate|norwegian|french|german)/i, "Danke für Ihre Bestellung. Ihr Paket ist unterwegs."],
];

const fallback = "Happy to help. Tell me the order number and what you would like to happen next.";

/** @returns the scene for a request; directives in square brackets win over words */
export function sceneFor(request: ScriptedRequest): Scene {
  // Bounded: an upstream stand-in must not be the slow part of a load test.
  const prompt = request.prompt.slice(0, 20_000);
  const failure = /\[error (\d{3})\]/.exec(prompt);
  const status = scriptedStatuses.find((known) => String(known) === failure?.[1]);
  if (status !== undefined) return { kind: "error", status };
  const pacing: Pacing = {
    delayMs: prompt.includes("[slow]") ? 250 : steady.delayMs,
    cutAfterPieces: prompt.includes("[cut]") ? 4 : null,
  };
  if (request.afterTool) return answer("Done. I used what the tool returned and nothing else.", request, pacing);
  return toolScene(prompt, request.tools, pacing) ?? answer(textFor(prompt), request, pacing);
}

function textFor(prompt: string): string {
  if (prompt.includes("[long]")) return answers.map(([, text]) => text).join(" ");
  return answers.find(([pattern]) => pattern.test(prompt))?.[1] ?? fallback;
}

function answer(text: string, request: ScriptedRequest, pacing: Pacing): Scene {
  const labelled = `${text} ${label}`;
  return {
    kind: "answer",
    text: request.json ? JSON.stringify({ answer: labelled, scripted: true }) : labelled,
    pacing,
  };
}

function toolScene(prompt: string, offered: readonly string[], pacing: Pacing): Scene | undefined {
  const refund = offeredAs(offered, "refunds.issue");
  if (refund !== undefined && /\brefund/i.test(prompt)) {
    return {
      kind: "tool",
      text: `I will issue that refund. ${label}`,
      name: refund,
      input: { order: orderIn(prompt), amount: amountIn(prompt) },
      pacing,
    };
  }
  const lookup = offeredAs(offered, "orders.lookup");
  if (lookup !== undefined && /\b(look ?up|order|customer)/i.test(prompt)) {
    return {
      kind: "tool",
      text: `Let me look that up. ${label}`,
      name: lookup,
      input: { customer: /\bcustomer\s+([A-Z]\d{1,8})\b/i.exec(prompt)?.[1]?.toUpperCase() ?? "C1" },
      pacing,
    };
  }
  return undefined;
}

/** Providers accept `[A-Za-z0-9_-]` only, so a caller offers `refunds.issue` as `refunds_issue`. */
function offeredAs(offered: readonly string[], name: string): string | undefined {
  const spellings = [name, name.replaceAll(".", "_"), name.replaceAll(".", "-")];
  return offered.find((candidate) => spellings.includes(candidate));
}

function orderIn(prompt: string): string {
  return /\border\s+#?([A-Z]-?\d{1,8})\b/i.exec(prompt)?.[1]?.toUpperCase() ?? "A1";
}

function amountIn(prompt: string): { value: string; currency: string } {
  const before = /(€|\bEUR|\bUSD|\$)\s?(\d{1,9})(?:[.,](\d{1,2}))?/i.exec(prompt);
  const after = /\b(\d{1,9})(?:[.,](\d{1,2}))?\s?(€|EUR\b|euros?\b|USD\b|dollars?\b)/i.exec(prompt);
  const [whole, cents, unit] =
    before === null
      ? [after?.[1] ?? "40", after?.[2] ?? "", after?.[3] ?? "EUR"]
      : [before[2] ?? "40", before[3] ?? "", before[1] ?? "EUR"];
  return { value: `${whole}.${cents.padEnd(2, "0")}`, currency: /\$|usd|dollar/i.test(unit) ? "USD" : "EUR" };
}

/** Splits text the way providers stream it: words that keep their leading space. Joined, the pieces are the text. */
export function pieces(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** A rough count, four characters a token, as providers' own estimates have it. */
export function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}
