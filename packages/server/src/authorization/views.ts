import type { AuthorizationState, AuthorizationType, Lifecycle, OperatingStatus, RefusalCode, Tier } from "@mandate/model";
import { tierTerms } from "@mandate/frameworks";
import type { TierReason } from "@mandate/frameworks";
import type { CommandContext } from "../command.ts";
import { conditionStates } from "../conditions/index.ts";
import type { ConditionState } from "../conditions/index.ts";
import type { Tx } from "../database/index.ts";
import { loadRegister, readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";
import { authorizationUnknown } from "./errors.ts";
import { deriveStatus, missingParts } from "./status.ts";
import { authorizationsOf, differencesOf, everyAuthorization, inForce, openStates, readAuthorization, standingAuthorizations, ownerVacantDue, haltOf, reassessmentDueOf, stateOf, systemState, systemStates, tierAt } from "./store.ts";
import type { Approver, Authorization, SystemState, Terms, Vacancy } from "./store.ts";

export interface AuthorizationView {
  readonly id: string;
  readonly system: string;
  readonly number: number;
  readonly type: AuthorizationType;
  /** `expired` once the clock has passed `ends`, whatever is stored. */
  readonly state: AuthorizationState;
  readonly tier: Tier;
  readonly versionDigest: string;
  readonly terms: Terms;
  readonly conditions: readonly unknown[];
  readonly starts: string | null;
  readonly ends: string | null;
  readonly extensions: number;
  readonly requester: string | null;
  readonly approvers: readonly Approver[];
  /** Roles that still have to say yes; empty unless it is open. */
  readonly needs: readonly string[];
  readonly approval: string | null;
  readonly createdAt: string;
}

export function authorizationView(one: Authorization, nowMs: number): AuthorizationView {
  // Lapse means refusal.
  const unanswered = (one.state === "submitted" || one.state === "in_review") && one.answerBy !== null && one.answerBy.getTime() <= nowMs;
  const over = (one.state === "granted" || one.state === "granted_with_conditions") && one.ends !== null && one.ends.getTime() <= nowMs;
  return {
    id: one.id, system: one.system, number: one.number, type: one.type, state: over ? "expired" : unanswered ? "denied" : one.state, tier: one.tier, versionDigest: one.versionDigest, terms: one.terms, conditions: one.conditions,
    starts: one.starts?.toISOString() ?? null, ends: one.ends?.toISOString() ?? null, extensions: one.extensions, requester: one.requesterEmail ?? one.requester, approvers: one.approvers,
    needs: openStates.includes(one.state) && !unanswered ? one.needs : [], approval: one.approvalId, createdAt: one.createdAt.toISOString(),
  };
}

/** What the Control API says of a system beside its manifest. */
export interface SystemView {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly tier: Tier;
  readonly tierReasons: readonly TierReason[];
  readonly unanswered: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly status: OperatingStatus;
  readonly statusCode: RefusalCode | null;
  readonly haltReason: string | null;
  /** Seats whose owner left or is away. */
  readonly vacancies: readonly Vacancy[];
  /** When the first of them suspends the system. */
  readonly ownerVacantDue: string | null;
  readonly owners: { readonly business: string | null; readonly technical: string | null };
  /** The one in force; else the one being decided; else the last there was. */
  readonly authorization: AuthorizationView | null;
  /** Open requests, newest first. */
  readonly requests: readonly AuthorizationView[];
  readonly missing: readonly string[];
  readonly differences: readonly string[];
  readonly reassessmentDue: string | null;
  readonly versionDigest: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export function systemView(system: StoredObject<"AISystem">, state: SystemState, authorizations: readonly Authorization[], nowMs: number, conditions?: ConditionState): SystemView {
  const held = inForce(authorizations);
  const requests = authorizations.filter((one) => openStates.includes(one.state));
  const shown = held ?? requests[0] ?? authorizations.find((one) => one.state !== "superseded");
  const parts = missingParts(system.spec);
  const now = Math.floor(nowMs / 1000);
  const differences = differencesOf(state);
  const due = reassessmentDueOf(state);
  const vacantDue = ownerVacantDue(state.vacancies, tierTerms(tierAt(state, nowMs)).ownerVacancyGraceDays);
  const derived = deriveStatus(
    {
      halt: haltOf(state), ownerVacantDue: vacantDue, tier: tierAt(state, nowMs), missing: parts, differences,
      authorization: held?.starts && held.ends ? { type: held.type, state: stateOf(held, state), starts: seconds(held.starts), ends: seconds(held.ends) } : null,
      reassessmentDue: due && seconds(due), conditionDues: conditions?.dues,
    },
    now,
  );
  return {
    id: system.id, name: system.name, title: system.spec.title ?? system.name, unit: system.unit, labels: system.labels, tier: tierAt(state, nowMs), tierReasons: state.tierReasons, unanswered: state.unanswered,
    ...derived, haltReason: state.haltReason ?? (state.stoppedAll ? "everything was stopped" : null), vacancies: state.vacancies, ownerVacantDue: vacantDue === null ? null : new Date(vacantDue * 1000).toISOString(), owners: { business: system.spec.owners.business ?? null, technical: system.spec.owners.technical ?? null },
    authorization: shown ? authorizationView(shown, nowMs) : null, requests: requests.map((one) => authorizationView(one, nowMs)),
    missing: held ? parts : [...parts, "authorization"], differences, reassessmentDue: due?.toISOString() ?? null,
    versionDigest: state.digest, version: system.version, createdAt: system.createdAt.toISOString(), updatedAt: system.updatedAt.toISOString(), spec: system.spec,
  };
}

/** Epoch seconds, rounded down: an end is never later than written. */
export function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

export async function readSystemView(tx: Tx, org: string, name: string, nowMs: number): Promise<SystemView | undefined> {
  const system = (await readObject(tx, org, "AISystem", name)) as StoredObject<"AISystem"> | undefined;
  const state = await systemState(tx, org, name);
  if (!system || !state) return undefined;
  const authorizations = await authorizationsOf(tx, org, name);
  return systemView(system, state, authorizations, nowMs, await conditionsOf(tx, org, name, authorizations, nowMs));
}

/** Conditions of the authorization in force, with what was measured now. */
export async function conditionsOf(tx: Tx, org: string, name: string, authorizations: readonly Authorization[], nowMs: number): Promise<ConditionState | undefined> {
  const held = inForce(authorizations);
  return held === undefined || held.conditions.length === 0 ? undefined : (await conditionStates(tx, org, [held], await loadRegister(tx, org), nowMs)).get(name);
}

export function getSystem(ctx: CommandContext<Tx>, name: string): Promise<SystemView | undefined> {
  return ctx.read((tx) => readSystemView(tx, ctx.org, name, ctx.now()));
}

/** By name: of one moment, that of the transaction. */
export async function listSystems(tx: Tx, org: string, nowMs: number): Promise<SystemView[]> {
  const register = await loadRegister(tx, org);
  const states = await systemStates(tx, org);
  const all = await standingAuthorizations(tx, org);
  const held = [...all.values()].flatMap((of) => inForce(of) ?? []);
  const conditions = await conditionStates(tx, org, held, register, nowMs);
  return register.all("AISystem").flatMap((system) => {
    const state = states.get(system.name);
    return state ? [systemView(system, state, all.get(system.name) ?? [], nowMs, conditions.get(system.name))] : [];
  });
}

/** `owner` matches either seat, `q` a part of the name or the title in any case. */
export type SystemFilters = Readonly<Partial<Record<"tier" | "lifecycle" | "status" | "unit" | "owner" | "q", string>>>;

export function isWanted(view: SystemView, { tier, lifecycle, status, unit, owner, q }: SystemFilters): boolean {
  return (
    (tier === undefined || view.tier === tier) && (lifecycle === undefined || view.lifecycle === lifecycle) && (status === undefined || view.status === status) && (unit === undefined || view.unit === unit) &&
    (owner === undefined || view.owners.business === owner || view.owners.technical === owner) && (q === undefined || `${view.name} ${view.title}`.toLowerCase().includes(q.toLowerCase()))
  );
}

export async function getAuthorization(ctx: CommandContext<Tx>, id: string): Promise<AuthorizationView> {
  const one = await ctx.read((tx) => readAuthorization(tx, ctx.org, id));
  if (!one) throw authorizationUnknown();
  return authorizationView(one, ctx.now());
}

export interface AuthorizationPage {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly filters?: Readonly<Partial<Record<"system" | "state" | "type", string>>> | undefined;
}

/** Newest first. Filtered by the state as shown, so `state=expired` finds what the clock ended. */
export function listAuthorizations(ctx: CommandContext<Tx>, page: AuthorizationPage = {}): Promise<{ items: AuthorizationView[]; nextCursor: string | null }> {
  return ctx.read(async (tx) => {
    const filters = page.filters ?? {};
    const views = (await everyAuthorization(tx, ctx.org)).map((one) => authorizationView(one, ctx.now()));
    const matching = views.filter(
      (one) => (filters.system === undefined || one.system === filters.system) && (filters.state === undefined || one.state === filters.state) && (filters.type === undefined || one.type === filters.type) && (page.cursor === undefined || one.id < page.cursor),
    );
    const limit = Math.min(Math.max(page.limit ?? 100, 1), 1000);
    const items = matching.slice(0, limit);
    return { items, nextCursor: matching.length > limit ? items.at(-1)!.id : null };
  });
}
