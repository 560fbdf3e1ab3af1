export type FindingClass = "pii" | "secret";

export interface Finding {
  /** `email`, `phone`, `credit_card`, `iban`, `us_ssn`, `ip_address`, `person`, `address`, `secret.PROVIDER`. */
  readonly type: string;
  readonly class: FindingClass;
  /** UTF-16 offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1. */
  readonly confidence: number;
}

export interface Detector {
  readonly id: string;
  readonly version: string;
  readonly class: FindingClass;
  detect(text: string): readonly Finding[];
}
