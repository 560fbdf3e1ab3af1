export interface Redaction {
  readonly text: string;
  readonly findings: readonly import("./types.ts").Finding[];
}
/** Replaces findings of these types (`secret` means every `secret.*`) by `[TYPE]`. */
export declare function redact(text: string, types: readonly string[]): Redaction;
