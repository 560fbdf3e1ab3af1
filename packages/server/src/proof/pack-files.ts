import type { RegisterFacts } from "@mandate/model";
import { approvalAnswers, approvalFiles } from "../approvals/index.ts";
import { auditFiles } from "../audits/index.ts";
import { authorizationAnswers } from "../authorization/index.ts";
import { breakGlassAnswers } from "../break-glass/index.ts";
import type { Actor } from "../command.ts";
import type { Contexts } from "../context/index.ts";
import { controlAnswers } from "../controls/index.ts";
import { credentialAnswers } from "../credentials/index.ts";
import type { Tx } from "../database/index.ts";
import { delegationAnswers } from "../delegations/index.ts";
import { mergeAnswers } from "../evidence/index.ts";
import type { PackFile, PackScope, SectionAnswers } from "../evidence/index.ts";
import { exceptionAnswers } from "../exceptions/index.ts";
import { findingAnswers } from "../findings/index.ts";
import { identityAnswers } from "../identity/index.ts";
import { incidentAnswers } from "../incidents/index.ts";
import { legalReviewAnswers } from "../legal-reviews/index.ts";
import { reassessmentAnswers } from "../reassessment/index.ts";
import { assessmentAnswers, policyFiles, recordAnswers, registryAnswers } from "../registry/index.ts";
import { reportAnswers } from "../reports/index.ts";
import { retentionAnswers } from "../retention/index.ts";
import { documentation } from "../technical-documentation/index.ts";
import type { Documentation } from "../technical-documentation/index.ts";
import { visibilityAnswers } from "../visibility/index.ts";

export interface PackContentParts {
  readonly org: string;
  readonly organizationName: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  /** As gateways hold them. */
  readonly facts: () => RegisterFacts;
}

export interface PackContentScope extends PackScope {
  readonly framework: string | null;
  /** Audits whose files the pack holds. */
  readonly audits: readonly string[];
}

/** What the slices put into one pack: answers first, because the files of the technical documentation are made with them. */
export function packContent(parts: PackContentParts, scope: PackContentScope, actor: Actor) {
  const { org, organizationName, now } = parts;
  let documented: Promise<Documentation> | undefined;
  const document = (tx: Tx): Promise<Documentation> => (documented ??= documentation(tx, parts, scope, actor, now()));
  return {
    answers: async (tx: Tx): Promise<SectionAnswers> => {
      const [nowMs, facts] = [now(), parts.facts()];
      const slices = await packAnswers(tx, org, scope, nowMs);
      return mergeAnswers([slices, await visibilityAnswers(tx, org, scope, facts, nowMs), await reportAnswers(tx, org, organizationName, scope, nowMs), (await document(tx)).answers]);
    },
    files: async (tx: Tx): Promise<readonly PackFile[]> => [...(await packFiles(tx, org, scope, scope.audits)), ...(await document(tx)).files],
  };
}

/** `policies/` and `approvals/`: what the slices put into a pack as files. */
async function packFiles(tx: Tx, org: string, scope: PackScope, audits: readonly string[]): Promise<readonly PackFile[]> {
  return [...(await policyFiles(tx, org, scope)), ...(await approvalFiles(tx, org, scope)), ...(await auditFiles(tx, org, audits))];
}

/** What the slices answer for `sections/`; one after another, because they share one connection. */
async function packAnswers(tx: Tx, org: string, scope: PackScope & { readonly framework: string | null }, nowMs: number): Promise<SectionAnswers> {
  return mergeAnswers([
    await registryAnswers(tx, org, scope),
    await recordAnswers(tx, org, scope),
    await assessmentAnswers(tx, org, scope),
    await authorizationAnswers(tx, org, scope),
    await identityAnswers(tx, org, scope),
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
