import type { Example, InvariantProof } from "@mandate/policy/proof";

/** An example in one or two sentences. */
export function exampleWords({ system, action, resource, details, words }: Example): string {
  const read = details.slice(0, 6).map(({ path, value }) => `${path} ${value}`).join(", ");
  const what = action === "deploy" ? "its own deployment" : resource;
  return `For example ${system}, ${action} of ${what}${read === "" ? "" : ` with ${read}`}. ${words}`;
}

/** Why a policy may not be published, or null when this invariant doesn't stand in its way. */
export function obstacle(proof: InvariantProof): { readonly message: string; readonly remedy: string } | null {
  const name = `Invariant \`${proof.id}\`${proof.policy === null ? "" : ` of policy ${proof.policy}`}`;
  if (proof.state === "refuted") {
    return { message: `${name} would not hold. ${proof.example === null ? "" : exampleWords(proof.example)}`.trim(), remedy: "Add a rule that refuses or holds such calls, or have the invariant changed by whoever owns it." };
  }
  if (proof.state === "cant_tell" && proof.mustProve) return { message: `${name} must be proven and could not be: ${proof.reason ?? "nobody knows why"}.`, remedy: "Write the rules more simply, ask again, or take `mustProve` from the invariant." };
  return null;
}
