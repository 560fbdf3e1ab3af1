import type { TierTerms } from "@mandate/frameworks";
import { audiences, autonomies, sensitivityRank, serverOfWildcard } from "@mandate/model";
import type { AISystemSpec, AwaitedFacts, ConditionDues, LimitFacts, PolicyFacts, RegisterFacts, ShareLimitFacts, SystemFacts, Tier } from "@mandate/model";
import { tiers } from "@mandate/model";
import { sql } from "kysely";
import { conditionStates } from "../conditions/index.ts";
import type { Tx } from "../database/index.ts";
import { compiledPolicy, loadPins, loadRegister } from "../registry/index.ts";
import type { RegisterView, StoredObject, ToolPin } from "../registry/index.ts";
import { asRecorded } from "./as-recorded.ts";
import { isReviewed, methodsOfServer, objectFacts } from "./object-facts.ts";
import { deriveStatus, missingParts } from "./status.ts";
import { currentAuthorizations, differencesOf, haltOf, inForce, ownerVacantDue, reassessmentDueOf, stateOf, systemStates, tierAt, versionManifests } from "./store.ts";
import { acceptedPrompts, servedSince } from "../reassessment/index.ts";
import { promptFacts } from "./prompt-facts.ts";
import { organizationTerms } from "../tiering/index.ts";
import type { Authorization, Caps, SystemState } from "./store.ts";
import type { Grants, VersionManifest } from "./version.ts";
import { manifestOf, nameOf } from "./version.ts";
import { seconds } from "./views.ts";

/**
 * The register reduced to what gateways enforce, for the organization of this transaction.
 * @param nowMs epoch milliseconds
 * @param options.asWritten as if everything written were approved: for a policy's own tests, never for a snapshot
 */
export async function deriveFacts(tx: Tx, nowMs: number, options: { readonly asWritten?: boolean } = {}): Promise<RegisterFacts> {
  return factsOf(await readInputs(tx, nowMs, options.asWritten === true), nowMs);
}

/** What facts are derived from. */
export interface FactsInputs {
  readonly asWritten: boolean;
  readonly register: RegisterView;
  readonly pins: readonly ToolPin[];
  readonly states: ReadonlyMap<string, SystemState>;
  readonly terms: (tier: Tier) => TierTerms;
  readonly served: ReadonlyMap<string, SystemFacts["served"]>;
  readonly prompts: ReadonlyMap<string, SystemFacts["acceptedPrompts"]>;
  readonly authorizations: ReadonlyMap<string, readonly Authorization[]>;
  /** Those in force, as gateways may believe them. */
  readonly held: ReadonlyMap<string, Authorization>;
  /** By `system digest`. */
  readonly manifests: ReadonlyMap<string, VersionManifest>;
  readonly conditionDues: ReadonlyMap<string, { readonly dues: ConditionDues }>;
}

export interface DerivedSystem {
  readonly facts: SystemFacts;
  /** Policies that bind this system alone: as they were when its version was approved. */
  readonly policies: ReadonlyMap<string, PolicyFacts>;
}

async function readInputs(tx: Tx, nowMs: number, asWritten: boolean): Promise<FactsInputs> {
  const { rows } = await sql<{ org: string | null }>`select mandate_org() as org`.execute(tx);
  const org = rows[0]?.org ?? "";
  const register = await loadRegister(tx, org);
  const pins = await loadPins(tx, org);
  const states = await systemStates(tx, org);
  const terms = await organizationTerms(tx, org);
  const served = await servedSince(tx, org);
  const prompts = await acceptedPrompts(tx, org);
  const authorizations = await currentAuthorizations(tx, org);
  const standing = new Map([...authorizations].flatMap(([name, all]) => { const one = inForce(all); return one ? [[name, one] as const] : []; }));
  const held = asWritten ? standing : await asRecorded(tx, org, standing);
  const manifests = await versionManifests(tx, org, [...held.values()]);
  const conditionDues = await conditionStates(tx, org, [...held.values()], register, nowMs);
  return { asWritten, register, pins, states, terms, served, prompts, authorizations, held, manifests, conditionDues };
}

/**
 * Pure.
 * @param derive one system's; whoever remembers what it derived passes its own
 */
export function factsOf(inputs: FactsInputs, nowMs: number, derive: typeof deriveSystem = deriveSystem): RegisterFacts {
  const { register, pins, states } = inputs;
  const policies = new Map<string, PolicyFacts>(register.all("Policy").map((policy) => [policy.name, { name: policy.name, version: policy.version, cedar: compiledPolicy(policy.name, policy.spec) }]));
  const systems = register.all("AISystem").flatMap((system): SystemFacts[] => {
    const state = states.get(system.name);
    if (!state) return [];
    const derived = derive(inputs, system, state, nowMs);
    for (const [name, policy] of derived.policies) policies.set(name, policy);
    return [derived.facts];
  });
  return { systems, policies: [...policies.values()], ...objectFacts(register, pins) };
}

export function deriveSystem(inputs: FactsInputs, system: StoredObject<"AISystem">, state: SystemState, nowMs: number): DerivedSystem {
  const { asWritten, register, pins, terms } = inputs;
  const authorization = inputs.held.get(system.name);
  const approved = authorization && !asWritten ? inputs.manifests.get(`${system.name} ${authorization.versionDigest}`) : undefined;
  // INVARIANT (G11): an authorization whose version can't be read grants nothing; without one the status refuses.
  if (authorization && !approved && !asWritten) throw new Error(`version of authorization ${authorization.id} is missing`);
  const current = manifestOf(system, register, pins);
  const asked = askedOf(inputs, system.name);
  const policies = new Map<string, PolicyFacts>();
  const facts = {
    ...systemFacts({ system, state, authorization, approved, current, policies, register, pins, terms, conditionDues: inputs.conditionDues.get(system.name)?.dues }, nowMs),
    served: inputs.served.get(system.name) ?? [],
    acceptedPrompts: inputs.prompts.get(system.name) ?? [],
    awaiting: asked ? awaited(asked, system.spec) : null,
  };
  return { facts, policies };
}

/** The question that people are at. */
export function askedOf({ authorizations }: FactsInputs, system: string): Authorization | undefined {
  return authorizations.get(system)?.find((one) => one.state === "submitted" || one.state === "in_review");
}

interface Inputs {
  readonly system: StoredObject<"AISystem">;
  readonly state: SystemState;
  readonly authorization: Authorization | undefined;
  readonly approved: VersionManifest | undefined;
  readonly current: VersionManifest;
  readonly policies: Map<string, PolicyFacts>;
  readonly register: RegisterView;
  readonly pins: readonly ToolPin[];
  readonly terms: (tier: Tier) => TierTerms;
  readonly conditionDues: ConditionDues | undefined;
}

function systemFacts({ system, state, authorization, approved, current, policies, register, pins, terms, conditionDues }: Inputs, nowMs: number): SystemFacts {
  const { spec } = system;
  const before = approved?.spec ?? spec;
  // A lower tier needs a new decision; a higher one holds at once.
  const tier: Tier = authorization && tiers.indexOf(authorization.tier) > tiers.indexOf(tierAt(state, nowMs)) ? authorization.tier : tierAt(state, nowMs);
  const missing = missingParts(spec);
  const grantedFor = authorization?.starts && authorization.ends
    ? { id: authorization.id, number: authorization.number, type: authorization.type, state: stateOf(authorization, state), versionDigest: authorization.versionDigest, starts: seconds(authorization.starts), ends: seconds(authorization.ends) }
    : null;
  const due = reassessmentDueOf(state);
  const reassessmentDue = due && seconds(due);
  const differences = differencesOf(state);
  const vacantDue = ownerVacantDue(state.vacancies, terms(tier).ownerVacancyGraceDays);
  const derived = deriveStatus({ halt: haltOf(state), tier, missing, authorization: grantedFor, differences, reassessmentDue, ownerVacantDue: vacantDue, conditionDues }, Math.floor(nowMs / 1000));
  const unpinnedServers = wholeServers(before, spec).filter((server) => register.get("McpServer", server) !== undefined && !isReviewed(server, pins));
  return {
    name: system.name,
    title: spec.title ?? system.name,
    unit: system.unit,
    tier,
    ...derived,
    missing: grantedFor ? missing : [...missing, "authorization"],
    owners: { business: spec.owners.business ?? null, technical: spec.owners.technical ?? null },
    purposes: spec.purposes.map((purpose) => purpose.id).filter((id) => before.purposes.some((purpose) => purpose.id === id)),
    audience: lower(audiences, before.audience, spec.audience),
    autonomy: lower(autonomies, before.autonomy, spec.autonomy),
    environments: spec.environments,
    boundary: narrowBoundary(before, spec),
    grants: withMethods(approved ? narrowGrants(approved.grants, current.grants) : current.grants, before, spec, register, pins),
    differences,
    authorization: grantedFor,
    versionDigest: state.digest,
    parameters: terms(tier).runtime,
    limits: narrowLimits(before.limits, spec.limits, authorization?.type === "pilot" ? authorization.terms.caps : null, spec.pilot?.caps),
    // How a session is known decides who counts as the user: the approved way, until another is approved.
    session: { user: before.session?.user ?? "none", issuers: before.session?.issuers ?? [], claims: before.session?.claims ?? [], audiences: before.session?.audiences ?? [], userChannel: before.session?.userChannel ?? "mixed" },
    policies: policiesOf(spec, approved, policies, register),
    reassessmentDue,
    prompts: promptFacts(approved ?? current),
    ownerVacantDue: vacantDue,
    ...(conditionDues === undefined ? {} : { conditionDues }),
    ...(unpinnedServers.length === 0 ? {} : { unpinnedServers }),
  };
}

/** Who holds the question: a refusal names them as the next step (G7). */
function awaited({ type, needs, approvalId }: Authorization, { owners }: AISystemSpec): AwaitedFacts {
  const deciders = needs.map((seat) => {
    const named = seat === "business-owner" ? owners.business : seat === "technical-owner" ? owners.technical : undefined;
    const title = seat.replaceAll("-", " ");
    return named === undefined ? `${/^[aeiou]/.test(title) ? "an" : "a"} ${title}` : `${named} (${title})`;
  });
  return { type, approval: approvalId, deciders };
}

/** Servers whose wildcard is approved and still written. */
function wholeServers(approved: AISystemSpec, written: AISystemSpec): string[] {
  return written.uses.tools.filter((text) => approved.uses.tools.includes(text)).flatMap((text) => serverOfWildcard(nameOf(text)) ?? []);
}

/** A wildcard that is approved and still written grants the server's resources, prompts and the rest with its tools. */
function withMethods(grants: SystemFacts["grants"], approved: AISystemSpec, written: AISystemSpec, register: RegisterView, pins: readonly ToolPin[]): SystemFacts["grants"] {
  const methods = wholeServers(approved, written).flatMap((server) => methodsOfServer(server, register, pins));
  return methods.length === 0 ? grants : { ...grants, tools: [...new Set([...grants.tools, ...methods])] };
}

/** Approved ∩ current: what was added waits, what was taken away is gone at once (G6). */
function narrowGrants(approved: Grants, current: Grants): Grants {
  const both = (kind: keyof Grants): string[] => current[kind].filter((name) => approved[kind].includes(name));
  return { models: both("models"), tools: both("tools"), datasets: both("datasets"), prompts: both("prompts"), destinations: both("destinations") };
}

function narrowBoundary(before: AISystemSpec, after: AISystemSpec): SystemFacts["boundary"] {
  const [was, is] = [before.boundary, after.boundary];
  if (!was || !is) return { sensitivity: "public", classes: [], regions: [], training: "never" };
  return {
    sensitivity: sensitivityRank(was.sensitivity) < sensitivityRank(is.sensitivity) ? was.sensitivity : is.sensitivity,
    classes: is.classes.filter((name) => was.classes.includes(name)),
    regions: is.regions.filter((name) => was.regions.includes(name)),
    training: was.training === "allowed" && is.training === "allowed" ? "allowed" : "never",
  };
}

type Limits = NonNullable<AISystemSpec["limits"]>;
type WrittenCaps = NonNullable<NonNullable<AISystemSpec["pilot"]>["caps"]>;

function narrowLimits(before: Limits | undefined, after: Limits | undefined, caps: Caps | null, written: WrittenCaps | undefined): LimitFacts {
  const count = (...values: (number | undefined)[]): number | null => {
    const given = values.filter((value) => value !== undefined);
    return given.length === 0 ? null : Math.min(...given);
  };
  const money = (...values: (string | undefined)[]): string | null => values.filter((value) => value !== undefined).toSorted((a, b) => Number(a) - Number(b))[0] ?? null;
  const share = (was: Limits["perPerson"], is: Limits["perPerson"]): ShareLimitFacts => ({
    callsPerDay: count(was?.callsPerDay, is?.callsPerDay),
    tokensPerDay: count(was?.tokensPerDay, is?.tokensPerDay),
    eurosPerDay: money(was?.eurosPerDay, is?.eurosPerDay),
  });
  return {
    callsPerDay: count(before?.callsPerDay, after?.callsPerDay, caps?.calls, caps ? written?.calls : undefined),
    tokensPerDay: count(before?.tokensPerDay, after?.tokensPerDay, caps?.tokens, caps ? written?.tokens : undefined),
    eurosPerDay: money(before?.eurosPerDay, after?.eurosPerDay, caps?.euros, caps ? written?.euros : undefined),
    eurosPerMonth: money(before?.eurosPerMonth, after?.eurosPerMonth),
    peoplePerDay: count(before?.peoplePerDay, after?.peoplePerDay, caps?.people, caps ? written?.people : undefined),
    callsPerMinute: count(before?.callsPerMinute, after?.callsPerMinute),
    ...(before?.perCredential ?? after?.perCredential ? { perCredential: share(before?.perCredential, after?.perCredential) } : {}),
    ...(before?.perPerson ?? after?.perPerson ? { perPerson: share(before?.perPerson, after?.perPerson) } : {}),
  };
}

/**
 * Policies as they are now and as they were approved: both bind. Custom rules only ever forbid for our own domain, so
 * the two together are never wider than either, and a rule taken away keeps binding until that is approved.
 */
function policiesOf(spec: AISystemSpec, approved: VersionManifest | undefined, policies: Map<string, PolicyFacts>, register: RegisterView): string[] {
  const names = new Set(spec.policies.map(nameOf));
  for (const text of approved?.spec.policies ?? []) {
    const name = nameOf(text);
    const then = approved!.objects[text] as Parameters<typeof compiledPolicy>[1] | undefined;
    const now = register.get("Policy", name)?.spec;
    if (!then) continue;
    const cedar = compiledPolicy(name, then);
    if (now && compiledPolicy(name, now) === cedar) {
      names.add(name);
      continue;
    }
    const kept = `${name}/approved-for-${approved!.system}`;
    policies.set(kept, { name: kept, version: 0, cedar: compiledPolicy(kept, then) });
    names.add(kept);
  }
  return [...names].toSorted();
}

function lower<T extends string>(order: readonly T[], a: T, b: T): T {
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}
