import type { ApprovalState, Tier } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { PasskeySignature } from "../passkeys/index.ts";
import type { ApproverSet } from "./seats.ts";
import type { SignatureKind } from "./sign.ts";

/** One answer, as API and evidence pack show it; the log commits to its RFC 8785 form. Absent members don't apply. */
export interface ApprovalSignature {
  readonly kind: SignatureKind;
  /** Person id: an e-mail may change hands. */
  readonly personId: string;
  readonly email: string;
  readonly set: string;
  /** Held at the moment of the answer. */
  readonly role: string;
  readonly choice: "approve" | "refuse";
  readonly reason: string;
  readonly at: string;
  /** Null: given before signatures named it. */
  readonly digest: string | null;
  readonly onBehalfOf: string | null;
  readonly delegation: string | null;
  readonly assertion: Omit<PasskeySignature, "kind"> | null;
  /** What went with the answer. */
  readonly terms: AnswerTerms;
}

export interface AnswerTerms {
  /** All that this yes stands under: those of earlier answers, then its own. */
  readonly conditions?: readonly unknown[];
  /** Refused for now: the requester is asked for another version. */
  readonly changes?: true;
}

export interface ApprovalRecord {
  readonly id: string;
  readonly action: string;
  readonly system: string | null;
  readonly resource: string | null;
  readonly callHash: string | null;
  readonly statement: Readonly<Record<string, unknown>>;
  readonly digest: string;
  readonly tier: Tier;
  readonly requester: string | null;
  readonly requesterPerson: string | null;
  readonly rules: readonly string[];
  readonly approvers: readonly ApproverSet[];
  readonly context: Readonly<Record<string, unknown>>;
  /** As stored; `stateAt` compares with the clock. */
  readonly stored: ApprovalState;
  readonly reason: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedAt: Date | null;
  readonly spentAt: Date | null;
  /** Of a committee's meeting. */
  readonly minutes: string | null;
  readonly signatures: readonly ApprovalSignature[];
}

/** What the next yes is given under, before its own: everything that was asked for so far. */
export function conditionsSoFar(signatures: readonly ApprovalSignature[]): readonly unknown[] {
  return signatures.findLast((one) => one.choice === "approve")?.terms.conditions ?? [];
}

/** INVARIANT (G5): an end needs no job. A question past its end has lapsed, whatever the row says. */
export function stateAt(approval: Pick<ApprovalRecord, "stored" | "expiresAt">, nowMs: number): ApprovalState {
  return approval.stored === "pending" && approval.expiresAt.getTime() <= nowMs ? "lapsed" : approval.stored;
}

interface ApprovalRow {
  id: string;
  action: string;
  system: string | null;
  resource: string | null;
  call_hash: string | null;
  statement: Record<string, unknown>;
  digest: string;
  tier: Tier;
  requester: string | null;
  requester_person: string | null;
  rules: string[];
  approvers: ApproverSet[];
  context: Record<string, unknown>;
  state: ApprovalState;
  reason: string | null;
  created_at: Date;
  expires_at: Date;
  decided_at: Date | null;
  spent_at: Date | null;
  minutes: string | null;
  signatures: ApprovalSignature[];
}

const columns = sql`a.*, coalesce((select jsonb_agg(jsonb_build_object('kind', s.kind, 'personId', s.person_id, 'email', s.email, 'set', s.approver_set, 'role', s.role,
    'choice', s.choice, 'reason', s.reason, 'digest', s.digest, 'onBehalfOf', s.on_behalf_of, 'delegation', s.delegation_id, 'assertion', s.assertion, 'terms', s.terms, 'at', to_char(s.signed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by s.signed_at)
  from approval_signatures s where s.org = a.org and s.approval_id = a.id), '[]'::jsonb) as signatures`;

/** Tier of each system now, those unknown left out. */
export async function currentTiers(tx: Tx, org: string, systems: readonly (string | null)[]): Promise<ReadonlyMap<string, Tier>> {
  const names = [...new Set(systems.filter((one) => one !== null))];
  if (names.length === 0) return new Map();
  const { rows } = await sql<{ system: string; tier: Tier }>`select system, tier from system_states where org = ${org} and system = any(${names})`.execute(tx);
  return new Map(rows.map((row) => [row.system, row.tier]));
}

function fromRow(row: ApprovalRow): ApprovalRecord {
  return {
    id: row.id,
    action: row.action,
    system: row.system,
    resource: row.resource,
    callHash: row.call_hash,
    statement: row.statement,
    digest: row.digest,
    tier: row.tier,
    requester: row.requester,
    requesterPerson: row.requester_person,
    rules: row.rules,
    approvers: row.approvers,
    context: row.context,
    stored: row.state,
    reason: row.reason,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
    spentAt: row.spent_at,
    minutes: row.minutes,
    signatures: row.signatures,
  };
}

export async function readApproval(tx: Tx, org: string, id: string, lock = false): Promise<ApprovalRecord | undefined> {
  const { rows } = await sql<ApprovalRow>`select ${columns} from approvals a where a.org = ${org} and a.id = ${id} ${lock ? sql`for update of a` : sql``}`.execute(tx);
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** All that were asked before `until`, of these systems (none named: of every one), oldest first. */
export async function approvalsAskedBefore(tx: Tx, org: string, scope: { readonly systems: readonly string[]; readonly until: string | null }): Promise<readonly ApprovalRecord[]> {
  const { rows } = await sql<ApprovalRow>`select ${columns} from approvals a where a.org = ${org} ${scope.systems.length === 0 ? sql`` : sql`and a.system = any(${[...scope.systems]}::text[])`}
    and a.created_at < coalesce(${scope.until}::timestamptz, 'infinity') order by a.id`.execute(tx);
  return rows.map(fromRow);
}

export interface ApprovalFilter {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly state?: string | undefined;
  readonly system?: string | undefined;
  readonly action?: string | undefined;
}

/** How many wait for an answer now. */
export async function countWaiting(tx: Tx, org: string, nowMs: number): Promise<number> {
  const { rows } = await sql<{ count: string }>`select count(*) from approvals where org = ${org} and state = 'pending' and expires_at > ${new Date(nowMs)}`.execute(tx);
  return Number(rows[0]!.count);
}

/** Soonest to lapse first. The cursor is `expiry~id`. */
export async function listApprovals(tx: Tx, org: string, nowMs: number, filter: ApprovalFilter): Promise<readonly ApprovalRecord[]> {
  const [at, id] = filter.cursor?.split("~") ?? [];
  const after = at === undefined || Number.isNaN(Date.parse(at)) ? null : new Date(at);
  const { rows } = await sql<ApprovalRow>`select ${columns} from approvals a where a.org = ${org}
    and (${filter.system ?? null}::text is null or a.system = ${filter.system ?? null})
    and (${filter.action ?? null}::text is null or a.action = ${filter.action ?? null})
    and (${filter.state ?? null}::text is null or (case when a.state = 'pending' and a.expires_at <= ${new Date(nowMs)} then 'lapsed' else a.state end) = ${filter.state ?? null})
    and (${after}::timestamptz is null or (date_trunc('milliseconds', a.expires_at), a.id) > (${after}::timestamptz, ${id ?? ""}))
    order by date_trunc('milliseconds', a.expires_at), a.id limit ${filter.limit}`.execute(tx);
  return rows.map(fromRow);
}
