import type { ModelFacts } from "@mandate/model";

/** Micro-euro a token, which is the same number as euros a million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

/**
 * What the model costs at that instant: the newest line that has begun. Before the first, and where nobody stated a
 * price, the gateway's own assumption counts: a limit in money is never free of charge.
 */
export function priceOf(model: Pick<ModelFacts, "prices"> | undefined, nowSeconds: number, assumed: Price): Price {
  let current = assumed;
  for (const price of model?.prices ?? []) if (price.from <= nowSeconds) current = price;
  return current;
}

export function costOf(tokens: { readonly input: number; readonly output: number }, price: Price): number {
  return Math.ceil(tokens.input * price.input + tokens.output * price.output);
}

/** Decimal string of at most 4 places; anything else allows nothing. */
export function microEuros(decimal: string): number {
  const match = /^(\d{1,12})(?:\.(\d{1,4}))?$/.exec(decimal);
  return match === null ? 0 : Number(match[1]) * 1_000_000 + Number((match[2] ?? "").padEnd(6, "0"));
}
