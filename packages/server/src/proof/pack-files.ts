import { approvalAnswers, approvalFiles } from "../approvals/index.ts";
import { auditFiles } from "../audits/index.ts";
import { authorizationAnswers } from "../authorization/index.ts";
import { breakGlassAnswers } from "../break-glass/index.ts";
import { controlAnswers } from "../controls/index.ts";
import { credentialAnswers } from "../credentials/index.ts";
import { delegationAnswers } from "../delegations/index.ts";
import type { Tx } from "../database/index.ts";
import { mergeAnswers } from "../evidence/index.ts";
import type { PackFile, PackScope, SectionAnswers } from "../evidence/index.ts";
import { exceptionAnswers } from "../exceptions/index.ts";
import { findingAnswers } from "../findings/index.ts";
import { incidentAnswers } from "../incidents/index.ts";
import { legalReviewAnswers } from "../legal-reviews/index.ts";
import { identityAnswers } from "../identity/index.ts";
import { reassessmentAnswers } from "../reassessment/index.ts";
import { policyFiles, recordAnswers, registryAnswers } from "../registry/index.ts";
import { retentionAnswers } from "../retention/index.ts";

/** `policies/` and `approvals/`: what the slices put into a pack as files. */
export async function packFiles(tx: Tx, org: string, scope: PackScope, audits: readonly string[]): Promise<readonly PackFile[]> {
  return [...(await policyFiles(tx, org, scope)), ...(await approvalFiles(tx, org, scope)), ...(await auditFiles(tx, org, audits))];
}

/** What the slices answer for `sections/`; one after another, because they share one connection. */
export async function packAnswers(tx: Tx, org: string, scope: PackScope & { readonly framework: string | null }, nowMs: number): Promise<SectionAnswers> {
  return mergeAnswers([
    await registryAnswers(tx, org, scope),
    await recordAnswers(tx, org, scope),
    await authorizationAnswers(tx, org, scope),
    await identityAnswers(tx, org),
    await credentialAnswers(tx, org, scope),
    await approvalAnswers(tx, org, scope, nowMs),
    await exceptionAnswers(tx, org, scope, nowMs),
    await findingAnswers(tx, org, scope, nowMs),
    await incidentAnswers(tx, org, scope, nowMs),
    await legalReviewAnswers(tx, org, scope, nowMs),
    await reassessmentAnswers(tx, org, scope),
    await delegationAnswers(tx, org, scope),
    await breakGlassAnswers(tx, org, scope),
    await retentionAnswers(tx, org, scope),
    await controlAnswers(tx, org, scope, nowMs),
  ]);
}
