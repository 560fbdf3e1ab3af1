import { AppError } from "@mandate/model";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { noteRefusedAssertion } from "../passkeys/index.ts";
import type { AssertionBody } from "./sign.ts";

/** One person's attempts of one kind at one question that are recorded; further ones say nothing new. */
const maxEntriesEach = 5;
/** Different (person, reason) of one question kept apart; further ones count under one name. */
const maxDifferent = 50;

export interface RefusedAttempt {
  readonly approval: string;
  readonly system: string | null;
  /** Person id, or `system:NAME` for a call. */
  readonly who: string;
  readonly code: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Records a refused attempt as an entry. Bounded, so that nobody fills the log by trying. */
export async function countRefusal(tx: Tx, ctx: Pick<ServerContext, "org" | "now">, record: (evidence: MutationEvidence) => void, attempt: RefusedAttempt): Promise<void> {
  const now = new Date(ctx.now());
  const { rows: known } = await sql<{ count: string }>`select count(*) from approval_refusals where org = ${ctx.org} and approval_id = ${attempt.approval}`.execute(tx);
  const who = Number(known[0]!.count) >= maxDifferent ? "others" : attempt.who;
  const { rows } = await sql<{ attempts: string }>`insert into approval_refusals (org, approval_id, who, code, attempts, first_at, last_at)
    values (${ctx.org}, ${attempt.approval}, ${who}, ${attempt.code}, 1, ${now}, ${now})
    on conflict (org, approval_id, who, code) do update set attempts = approval_refusals.attempts + 1, last_at = excluded.last_at returning attempts`.execute(tx);
  const attempts = Number(rows[0]!.attempts);
  if (attempts > maxEntriesEach) return;
  record({
    type: "approval",
    ...(attempt.system === null ? {} : { system: attempt.system }),
    approvals: [attempt.approval],
    payload: { event: "attempt_refused", code: attempt.code, who, attempt: attempts, lastRecorded: attempts === maxEntriesEach, ...attempt.detail },
  });
}

/** In a transaction of its own, because the one that was refused is undone. */
export async function recordRefusedAnswer(quiet: ServerContext, approval: string, choice: string, webauthn: AssertionBody | undefined, error: unknown): Promise<void> {
  if (!(error instanceof AppError) || error.status < 400 || error.status >= 500 || error.status === 404) return;
  // A copied passkey is blocked at once. Any other refused assertion is this question's entry below, which is bounded.
  if (webauthn !== undefined && error.code === "passkeys.counter") await noteRefusedAssertion(quiet, { credentialId: webauthn.credentialId, for: approval }, error);
  await quiet.transact(async (tx, record) => {
    const { rows } = await sql<{ system: string | null; digest: string }>`select system, digest from approvals where org = ${quiet.org} and id = ${approval}`.execute(tx);
    if (rows[0] === undefined) return;
    const { system, digest } = rows[0];
    await countRefusal(tx, quiet, record, {
      approval, system, who: quiet.actor.id, code: error.code,
      detail: { choice, digest, email: quiet.actor.email, roles: quiet.actor.roles, proof: quiet.actor.proof, ...(webauthn === undefined ? {} : { credentialId: webauthn.credentialId }), why: error.message },
    });
  });
}
