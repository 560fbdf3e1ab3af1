import { AppError, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { z } from "zod";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { verifyPersonAssertion } from "../passkeys/index.ts";
import type { PasskeySignature, RelyingParty } from "../passkeys/index.ts";
import { statementDigest, statementFor } from "./open.ts";
import type { Choice } from "./open.ts";
import type { ApprovalRecord } from "./read.ts";
import { outcomeStatement } from "./signature.ts";

const base64url = (max: number) => z.string().min(1).max(max).regex(/^[A-Za-z0-9_-]+$/, "is not base64url");

/** A passkey's assertion over the statement's digest, as a page or a program sends it. */
export const assertionBody = z.strictObject({ credentialId: base64url(1400), authenticatorData: base64url(4000), clientDataJSON: base64url(4000), signature: base64url(2000) });
export type AssertionBody = z.infer<typeof assertionBody>;

export type SignatureKind = "token" | "totp" | "webauthn";

export interface Signing {
  readonly kind: SignatureKind;
  readonly assertion: Omit<PasskeySignature, "kind"> | null;
  /** What it covers: the statement with this choice and these conditions. */
  readonly digest: string;
}

/**
 * What the answer is signed with. A passkey signs exactly the 32 bytes of the digest; anything else about it (another
 * question's, another person's, altered, used before) doesn't verify.
 * @throws AppError 403 `passkeys.assertion`, `passkeys.counter`, `approvals.passkey_cooling`, `approvals.no_passkeys`
 */
export async function signAnswer(tx: Tx, ctx: ServerContext, approval: ApprovalRecord, choice: Choice, conditions: readonly unknown[], tier: Tier, webauthn: AssertionBody | undefined, relyingParty: RelyingParty | null): Promise<Signing> {
  const digest = statementDigest(statementFor(approval.statement, choice, conditions));
  const offered = webauthn === undefined || isYesForNo(approval, choice, webauthn) ? undefined : webauthn;
  if (offered === undefined) {
    // Password with a code is the fallback for whoever has no passkey: marked as the weaker one.
    return { kind: ctx.actor.proof === "password" ? "totp" : "token", assertion: null, digest };
  }
  if (relyingParty === null) throw new AppError({ code: "approvals.no_passkeys", status: 403, message: "This server is asked for by a number, and passkeys need a name.", remedies: [{ text: "Set MANDATE_PUBLIC_URL, or use localhost." }] });
  const { signature: verified, coolingUntil } = await verifyPersonAssertion(tx, ctx.org, {
    ...relyingParty,
    personId: ctx.actor.id,
    challenge: Buffer.from(digest, "hex"),
    assertion: {
      id: offered.credentialId,
      rawId: offered.credentialId,
      type: "public-key",
      response: { authenticatorData: offered.authenticatorData, clientDataJSON: offered.clientDataJSON, signature: offered.signature },
    },
    nowMs: ctx.now(),
  });
  // A cooling passkey under a token that someone else made is exactly "reset it, then approve with it".
  if (coolingUntil !== null && (tiers.indexOf(tier) >= tiers.indexOf("T2") || ctx.actor.proof === "minted")) {
    throw new AppError({
      code: "approvals.passkey_cooling",
      status: 403,
      message: `This passkey is new: until ${coolingUntil.toISOString()} it signs nothing at T2 or above.`,
      remedies: [{ text: "Use a passkey you had before, ask another approver, or wait." }],
    });
  }
  const { kind, ...assertion } = verified;
  return { kind, assertion, digest };
}

/** A refusal that came with a signature over the yes: the refusal counts, the signature is thrown away unread. */
function isYesForNo(approval: ApprovalRecord, choice: Choice, webauthn: AssertionBody): boolean {
  if (choice === "approve") return false;
  try {
    const data = JSON.parse(Buffer.from(webauthn.clientDataJSON, "base64url").toString("utf8")) as { challenge?: unknown } | null;
    return data?.challenge === Buffer.from(statementDigest(outcomeStatement(approval, false)), "hex").toString("base64url");
  } catch {
    return false;
  }
}
