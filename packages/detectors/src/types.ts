import type { Reading } from "./triggers.ts";

export type FindingClass = "pii" | "secret" | "injection" | "code";

/**
 * Where a text came from. The same sentence is ordinary when a user types it and an attack in what a tool returned or a
 * search retrieved.
 */
export type Channel = "user" | "tool" | "retrieved" | "output";

export interface Finding {
  /**
   * `email`, `phone`, `credit_card`, `iban`, `us_ssn`, `ip_address`, `person`, `address`, `date`, `health`,
   * `secret.PROVIDER`, `secret.generic`, `injection`, `source_code`.
   */
  readonly type: string;
  readonly class: FindingClass;
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly confidence: number;
}

/** Pure and linear in the text: no pattern of a detector may backtrack over what another part of it can match. */
export interface Detector {
  readonly id: string;
  /** Raised with any change of what is found: it stands in the evaluated context of each intent. */
  readonly version: string;
  readonly kind: FindingClass;
  /** Types it can yield; `secret` for every `secret.*`. */
  readonly types: readonly string[];
  /**
   * `stated`: reaches the recall that docs/detectors.md promises. `partial`: a form in which some of it is written; what
   * it misses is not rare, so masking by it alone leaves some behind.
   */
  readonly coverage: "stated" | "partial";
  /** A text with fewer digits holds none. */
  readonly minDigits: number;
  /** @param reading what one pass over the same text found, so that most patterns need not be tried */
  detect(text: string, reading: Reading, channel: Channel): readonly Finding[];
}

/** Samples beside each detector: all of `find` must be found whole, nothing in `ignore`. */
export interface Samples {
  readonly find: readonly { readonly text: string; readonly value: string; readonly type: string }[];
  readonly ignore: readonly string[];
}
