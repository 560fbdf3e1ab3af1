export type FindingClass = "pii" | "secret";

export interface Finding {
  /** `email`, `phone`, `credit_card`, `iban`, `us_ssn`, `ip_address`, `secret.PROVIDER`, `secret.generic`. */
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
  detect(text: string): readonly Finding[];
}

/** Samples beside each detector: all of `find` must be found whole, nothing in `ignore`. */
export interface Samples {
  readonly find: readonly { readonly text: string; readonly value: string; readonly type: string }[];
  readonly ignore: readonly string[];
}
