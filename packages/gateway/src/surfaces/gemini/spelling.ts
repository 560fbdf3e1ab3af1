import { FieldProblem, isMembers, type Members } from "../fields.ts";

/**
 * An object with its members in camelCase. The provider reads `file_data` and `fileData` as the same member (protobuf's
 * JSON mapping), so a check that knew one spelling could be passed in the other; both at once would let us and the
 * provider each obey another one.
 * @throws FieldProblem when a member stands there in both spellings
 */
export function camelMembers(value: Members, at: string): Members {
  const read: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, inner] of Object.entries(value)) {
    const camel = name.replace(/_+([a-zA-Z0-9])/g, (_all, letter: string) => letter.toUpperCase());
    if (camel in read) throw new FieldProblem(at === "" ? camel : `${at}.${camel}`, "given in one spelling");
    read[camel] = inner;
  }
  return read;
}

/** Empty where the value is no object. */
export function camelOr(value: unknown, at: string): Members {
  return isMembers(value) ? camelMembers(value, at) : {};
}

/** `googleSearch` as register names are written: `google_search`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).slice(0, 100);
}
