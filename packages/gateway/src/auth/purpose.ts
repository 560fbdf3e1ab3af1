import type { CredentialFacts, SystemFacts } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";

/** The purpose of a call: the system's only one, or its credential's, or the header's, which only narrows. */
export function purposeOf(
  system: SystemFacts,
  credential: CredentialFacts | null,
  asked: string | undefined,
): { purpose: string | null } | { refusal: Refusal } {
  const bound =
    credential === null || credential.purposes.length === 0
      ? system.purposes
      : system.purposes.filter((id) => credential.purposes.includes(id));
  if (asked !== undefined && asked !== "") {
    if (bound.includes(asked)) return { purpose: asked };
    return {
      refusal: refuse(
        "not_authorized",
        "The call names a purpose that this system or its credential does not have.",
        `Name one of: ${bound.join(", ") || "none is approved"}.`,
        "purpose",
      ),
    };
  }
  return { purpose: bound.length === 1 ? bound[0]! : null };
}
