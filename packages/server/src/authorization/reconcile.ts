import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { tierTerms } from "@mandate/frameworks";
import type { FlagReason, TierReason, TierTerms } from "@mandate/frameworks";
import type { AuthorizationType, Tier } from "@mandate/model";
import { tiers } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { loadPins, loadRegister } from "../registry/index.ts";
import type { Register, StoredObject } from "../registry/index.ts";
import { openAuthorization } from "./ask.ts";
import { compareVersions } from "./compare-versions.ts";
import type { VersionChange } from "./compare-versions.ts";
import { dayMs, period, pilotTerms, requiredSeats } from "./grant.ts";
import type { RecordEvidence } from "./grant.ts";
import { missingParts } from "./status.ts";
import { authorizationsOf, currentAuthorizations, inForce, insertAuthorization, keepVersion, openRequest, systemStates, updateAuthorization, versionManifests, writeSystemState } from "./store.ts";
import type { Authorization, SystemState, Terms } from "./store.ts";
import { openFinding } from "../findings/index.ts";
import { keepDetermination, latestDigests, loadTierContext, unjustifiedTwins } from "../tiering/index.ts";
import type { AssessedTier } from "../tiering/index.ts";
import { assessTier } from "./tiering.ts";
import { buildVersion } from "./version.ts";
import type { Version, VersionManifest } from "./version.ts";
import { withdraw } from "./withdraw.ts";
import { callsRefused, noEffect, reassessmentDays, worst } from "../reassessment/index.ts";
import type { ChangeClass } from "../reassessment/index.ts";
import { keepCases } from "./reassess.ts";
import type { Reassessed } from "./reassess.ts";

/** What the register's change did to one system. */
export interface Reconciled {
  readonly system: string;
  readonly tier: Tier;
  /** Before this change; null for a system that is new. */
  readonly was: Tier | null;
  readonly reasons: readonly TierReason[];
  readonly flags: readonly FlagReason[];
  readonly unanswered: readonly string[];
  /** Days of a pilot at this tier, here. */
  readonly pilotDays: number;
  /** Somebody has to decide before all of it is in force. */
  readonly needsApproval: boolean;
  /** Ids of authorizations that no longer let it run. */
  readonly voids: readonly string[];
  /** Of a new system: others that do much the same, and that it doesn't say it is distinct from. */
  readonly similar?: readonly { readonly name: string; readonly because: readonly string[] }[];
  /** What re-opens its authorization, and what then still runs; absent: nothing does. */
  readonly reassessment?: Planned;
}

export interface Planned {
  readonly class: ChangeClass;
  readonly changes: readonly { readonly class: ChangeClass; readonly subject: string; readonly what: string }[];
  /** As `kind:name`. */
  readonly denied: readonly string[];
  readonly runs: readonly string[];
  /** Of the last seven days' calls, how many this would have refused. */
  readonly refusedCalls: number;
}

interface Subject {
  readonly system: StoredObject<"AISystem">;
  readonly version: Version;
  readonly determined: AssessedTier;
  readonly before: SystemState | undefined;
  /** Hash of the last determination. */
  readonly lastDigest: string | undefined;
  /** Each tier's, as the organization has tightened them. */
  readonly terms: (tier: Tier) => TierTerms;
}

interface Outcome extends Pick<Reconciled, "system" | "tier" | "needsApproval" | "voids"> {
  /** Absent: nothing is open about its version. */
  readonly reassess?: Reassessed;
}

/** Systems looked at before others in this process have their turn: calls are decided meanwhile, heartbeats go out. */
const atOnce = 32;

/**
 * After any change of the register, in its transaction: version, tier and authorization of every system follow.
 * Idempotent: a register that did not change leaves nothing behind.
 * @param of systems that the change can concern; absent: any
 */
export async function reconcile(tx: Tx, running: CommandContext<Tx>, record: RecordEvidence, of?: ReadonlySet<string>): Promise<Reconciled[]> {
  // One instant for all of it: a case that opened a millisecond after the question about it would outlive its answer.
  const at = running.now();
  const ctx: CommandContext<Tx> = { ...running, now: () => at };
  const register = await loadRegister(tx, ctx.org);
  const pins = await loadPins(tx, ctx.org);
  const states = await systemStates(tx, ctx.org);
  const current = await currentAuthorizations(tx, ctx.org);
  const manifests = await versionManifests(tx, ctx.org, [...current.values()].flat());
  const tierContext = await loadTierContext(tx, ctx.org, register, ctx.now());
  const digests = await latestDigests(tx, ctx.org);
  const outcomes: Reconciled[] = [];
  const reassessed = new Map<string, Reassessed>();
  const concerned = register.all("AISystem").filter((system) => of === undefined || of.has(system.name));
  for (const [at, system] of concerned.entries()) {
    if (at % atOnce === atOnce - 1) await setImmediate();
    const version = buildVersion(system, register, pins);
    const subject: Subject = { system, version, determined: assessTier(system, version.manifest.grants, register, tierContext), before: states.get(system.name), lastDigest: digests.get(system.name), terms: (tier) => tierTerms(tier, tierContext.own) };
    if (version.digest !== subject.before?.digest) await keepVersion(tx, ctx.org, version, new Date(ctx.now()));
    const authorizations = current.get(system.name) ?? [];
    const held = inForce(authorizations);
    const approved = held && manifests.get(`${system.name} ${held.versionDigest}`);
    const changes = approved ? compareVersions(approved, version.manifest) : [];
    const outcome = held ? await follow(tx, ctx, record, subject, held, authorizations, changes, register) : await begin(tx, ctx, record, subject, authorizations);
    const { reasons, flags, unanswered } = subject.determined;
    const { reassess, ...told } = outcome;
    if (reassess !== undefined) reassessed.set(system.name, reassess);
    const planned = approved && reassess !== undefined && version.digest !== subject.before?.digest ? await plan(tx, ctx, system.name, reassess, approved, version.manifest) : undefined;
    outcomes.push({ ...told, ...(planned === undefined ? {} : { reassessment: planned }), was: subject.before?.tier ?? null, reasons, flags, unanswered, pilotDays: subject.terms(outcome.tier).pilotDays });
  }
  await keepCases(tx, ctx, record, reassessed, of);
  const fresh = new Set(outcomes.filter((one) => one.was === null).map((one) => one.system));
  const twins = unjustifiedTwins(register, fresh, fresh);
  for (const [system, others] of twins) {
    await openFinding(tx, ctx, record, {
      key: `intake.similar:${system}`, system, kind: "intake.similar", owner: register.get("AISystem", system)?.spec.owners.technical ?? null,
      title: `${system} does much what ${others.map((one) => one.name).join(", ")} does`,
      detail: others.map((one) => `${one.name}: ${one.because.join("; ")}.`).join(" "),
    });
  }
  return outcomes.map((one) => {
    const similar = twins.get(one.system)?.map(({ name, because }) => ({ name, because }));
    return similar === undefined ? one : { ...one, similar };
  });
}

/** A system without an authorization: its pilot starts, or the question is put to whoever starts it. */
async function begin(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, subject: Subject, authorizations: readonly Authorization[]): Promise<Outcome> {
  const { system, determined } = subject;
  const { tier } = determined;
  await settle(tx, ctx, record, subject, [], null);
  const nothing = { system: system.name, tier, needsApproval: false, voids: [] };
  if (tier === "X" || missingParts(system.spec).length > 0 || subject.before?.halt) return nothing;
  const past = await authorizationsOf(tx, ctx.org, system.name);
  // What somebody refused or revoked doesn't come back by applying the file again.
  const fresh = past.every((one) => one.state === "superseded" || one.state === "submitted");
  if (subject.terms(tier).pilotGrantedBy === "registration" && fresh) {
    await withdraw(tx, ctx, openRequest(authorizations, "pilot"), "the tier allows a pilot on registration");
    await selfAttest(tx, ctx, record, subject, tier, pilotTerms(system.spec, subject.terms(tier)), 0);
    return nothing;
  }
  // A refusal of this very version stands, whatever else in the register changes; who wants it asked again submits it.
  const last = past.filter((one) => one.type === "pilot").toSorted((a, b) => b.number - a.number)[0];
  if (last?.state === "denied" && last.versionDigest === subject.version.digest && last.tier === tier) return nothing;
  await ask(tx, ctx, record, subject, "pilot", tier, pilotTerms(system.spec, subject.terms(tier)), authorizations);
  return { ...nothing, needsApproval: true };
}

/** A system with an authorization in force: compare what was approved with what is (G6). */
async function follow(
  tx: Tx,
  ctx: CommandContext<Tx>,
  record: RecordEvidence,
  subject: Subject,
  held: Authorization,
  authorizations: readonly Authorization[],
  compared: readonly VersionChange[],
  register: Register,
): Promise<Outcome> {
  const { system, version, determined, before } = subject;
  const cases = before?.open ?? noEffect;
  const changes = [...compared, ...shownByTraffic(subject, held)];
  const owners = [system.spec.owners.business, system.spec.owners.technical].flatMap((email) => email ?? []);
  const open = { ...held.terms, ends: held.ends?.toISOString() ?? null };
  const stops = changes.filter((change) => change.class === "C");
  const denied = changes.filter((change) => change.class === "B");
  const raised = tiers.indexOf(determined.tier) > tiers.indexOf(held.tier) ? determined.tier : held.tier;
  if (stops.length > 0 || cases.stopped || determined.tier === "X") {
    await settle(tx, ctx, record, subject, expand([...stops, ...denied], subject, register), before?.reassessmentDue ?? null);
    const voids = held.state === "reassessment_required" ? [] : [held.id];
    if (voids.length > 0) {
      await updateAuthorization(tx, ctx, held, { state: "reassessment_required" }, { reason: [...stops.map((change) => `${change.subject}: ${change.what}`), ...cases.titles].join("; ").slice(0, 1000) });
      record({ type: "authorization", system: system.name, payload: { event: "reassessment_required", authorization: held.id, class: "C", changes: stops.map(summary), versionDigest: version.digest } });
    }
    if (determined.tier !== "X") await ask(tx, ctx, record, subject, held.type, raised, open, authorizations);
    return { system: system.name, tier: determined.tier, needsApproval: true, voids, reassess: { changes, owners } };
  }
  if (held.state === "reassessment_required") {
    await settle(tx, ctx, record, subject, before?.differences ?? [], before?.reassessmentDue ?? null);
    await ask(tx, ctx, record, subject, held.type, raised, open, authorizations);
    return { system: system.name, tier: determined.tier, needsApproval: true, voids: [], reassess: { changes, owners, keep: true } };
  }
  const registered = held.type === "pilot" && (raised === "T0" || raised === "T1");
  if (registered && attests(ctx, subject) && (changes.length > 0 || retuned(held, subject, ctx.now()))) {
    await withdraw(tx, ctx, openRequest(authorizations, "pilot"), "the owner attests the change");
    await settle(tx, ctx, record, subject, [], null);
    await updateAuthorization(tx, ctx, held, { state: "superseded" }, { reason: "changed by its owner" });
    await selfAttest(tx, ctx, record, subject, raised, retunedTerms(held, subject, ctx.now()), held.extensions, held);
    return { system: system.name, tier: determined.tier, needsApproval: false, voids: [], reassess: { changes: [], owners, attested: true } };
  }
  await tighten(tx, ctx, record, subject, held);
  if (denied.length === 0 && asksMore(held, raised)) {
    // The same version, riskier than whoever granted it knew: they, or who a higher tier names, decide within the 14 days.
    const due = before?.reassessmentDue ?? new Date(ctx.now() + reassessmentDays * dayMs);
    await settle(tx, ctx, record, subject, [], due);
    if (before?.reassessmentDue == null) record({ type: "authorization", system: system.name, payload: { event: "reassessment_opened", authorization: held.id, class: "B", tier: raised, was: held.tier, due: due.toISOString(), versionDigest: version.digest } });
    await ask(tx, ctx, record, subject, held.type, raised, open, authorizations);
    const risen = { class: "B", trigger: "tier", scope: "system", subject: "tier", what: `its tier rose to ${raised}`, old: held.tier, new: raised } as const;
    return { system: system.name, tier: determined.tier, needsApproval: true, voids: [], reassess: { changes: [...changes, risen], owners } };
  }
  if (denied.length === 0) {
    await settle(tx, ctx, record, subject, [], null);
    if (cases.newest !== null) {
      await ask(tx, ctx, record, subject, held.type, raised, open, authorizations);
      return { system: system.name, tier: determined.tier, needsApproval: true, voids: [], reassess: { changes, owners } };
    }
    return { system: system.name, tier: determined.tier, needsApproval: false, voids: [], reassess: { changes, owners } };
  }
  const due = before?.reassessmentDue ?? new Date(ctx.now() + reassessmentDays * dayMs);
  const differences = expand(denied, subject, register);
  await settle(tx, ctx, record, subject, differences, due);
  if (before?.differences.join() !== differences.join()) {
    record({ type: "authorization", system: system.name, payload: { event: "reassessment_opened", authorization: held.id, class: "B", changes: denied.map(summary), due: due.toISOString(), versionDigest: version.digest } });
  }
  await ask(tx, ctx, record, subject, held.type, raised, open, authorizations);
  return { system: system.name, tier: determined.tier, needsApproval: true, voids: [], reassess: { changes, owners, differences } };
}

/** Rule of `risk-tiers.yaml`: an irreversible effect without a person's approval. */
const irreversibleRule = "R05";

/** An effect that nobody declared, seen at the gateway, stops at once, like the same thing written down (SPEC 2). */
function shownByTraffic({ determined }: Subject, held: Authorization): VersionChange[] {
  if (held.tier === "T3" || determined.tier !== "T3" || !determined.contradictions.some((one) => one.input === "tool_effect") || !determined.reasons.some((one) => one.rule === irreversibleRule)) return [];
  const observed = determined.contradictions.map((one) => `${one.input}: ${one.observed}`).join("; ");
  return [{ class: "C", trigger: "irreversible-effect", scope: "system", subject: "tier", what: "traffic shows an irreversible effect without a person's approval", old: held.tier, new: observed }];
}

async function plan(tx: Tx, ctx: CommandContext<Tx>, system: string, { changes, differences }: Reassessed, approved: VersionManifest, current: VersionManifest): Promise<Planned | undefined> {
  const counted = changes.filter((change) => change.class !== "A");
  if (counted.length === 0) return undefined;
  const kind = worst(counted.map((change) => change.class));
  const denied = differences ?? [...new Set(counted.map((change) => change.subject))];
  const granted = (manifest: VersionManifest): string[] => Object.entries(manifest.grants).flatMap(([field, names]) => (names as readonly string[]).map((name) => `${field.replace(/s$/, "")}:${name}`));
  const runs = kind === "C" ? [] : granted(approved).filter((name) => granted(current).includes(name) && !denied.includes(name)).toSorted();
  return { class: kind, changes: counted.map(summary), denied, runs, refusedCalls: await callsRefused(tx, ctx.org, ctx.now(), system, kind === "C" ? null : denied) };
}

/** What the entry says of a change; its old and new stand in the case's. */
function summary({ class: kind, subject, what }: VersionChange): { class: ChangeClass; subject: string; what: string } {
  return { class: kind, subject, what };
}

/**
 * A changed server shows as a difference of its tools, because calls name those. A vendor's change is denied at once only
 * where it is against a signed answer; else the approved version runs on until its reassessment is due.
 */
function expand(changes: readonly VersionChange[], { version }: Subject, register: Register): string[] {
  const through = (subject: string): string[] => {
    const { tools, models, destinations } = version.manifest.grants;
    if (subject.startsWith("mcp-server:")) return tools.filter((name) => register.get("Tool", name)?.spec.server === subject).map((name) => `tool:${name}`);
    const vendor = subject.startsWith("vendor:") ? register.get("Vendor", subject.slice("vendor:".length))?.spec : undefined;
    const { boundary } = version.manifest.spec;
    if (!vendor || !(boundary?.training !== "allowed" && vendor.training === "allowed")) return [];
    return [
      ...models.filter((name) => register.get("Model", name)?.spec.vendor === subject).map((name) => `model:${name}`),
      ...destinations.filter((name) => register.get("Destination", name)?.spec.vendor === subject).map((name) => `destination:${name}`),
    ];
  };
  return [...new Set(changes.flatMap((change) => [change.subject, ...through(change.subject)]))].toSorted();
}

/** A tier that rose past what was granted, to one whose grant other people give. */
function asksMore(held: Authorization, raised: Tier): boolean {
  return raised !== held.tier && !isDeepStrictEqual(requiredSeats(raised, held.type), requiredSeats(held.tier, held.type)) && !(held.type === "pilot" && raised === "T1");
}

/** Who may attest at T0 and T1: an owner. The service account that applies from Git registers for them. */
function attests(ctx: CommandContext<Tx>, { system }: Subject): boolean {
  const { business, technical } = system.spec.owners;
  if (ctx.actor.kind === "bootstrap") return true;
  return ctx.actor.email !== null && (ctx.actor.email === business || ctx.actor.email === technical);
}

async function selfAttest(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, subject: Subject, tier: Tier, terms: Terms, extensions: number, replaces?: Authorization): Promise<void> {
  const { starts, ends } = replaces?.starts ? { starts: replaces.starts, ends: endOf(terms, replaces) } : period(terms, "pilot", subject.terms(tier), ctx.now(), subject.determined.override?.direction === "down" ? subject.determined.override.ends : null);
  const granted = await insertAuthorization(tx, ctx, {
    system: subject.system.name, type: "pilot", state: "granted", versionDigest: subject.version.digest, tier, terms, starts, ends, extensions, reason: "self-attested on registration",
  });
  record({
    type: "authorization",
    system: subject.system.name,
    payload: { event: "granted", authorization: granted.id, number: granted.number, type: "pilot", selfAttested: true, versionDigest: subject.version.digest, tier, terms, ends: ends.toISOString(), supersedes: replaces?.id ?? null },
  });
}

/** A pilot that goes on keeps its end; the manifest may only bring it nearer, or back within the days it was granted. */
function endOf(terms: Terms, replaces: Authorization): Date {
  return terms.ends === null || !replaces.ends ? replaces.ends! : new Date(Date.parse(terms.ends));
}

function retunedTerms(held: Authorization, { system, terms }: Subject, nowMs: number): Terms {
  const written = pilotTerms(system.spec, terms(held.tier));
  const ends = held.ends!.toISOString();
  const latest = held.starts!.getTime() + terms(held.tier).pilotDays * dayMs;
  const wanted = written.ends === null ? null : Math.min(Date.parse(written.ends), Math.max(latest, held.ends!.getTime()));
  // Once over, a pilot is over: only `renew` starts it again.
  const over = held.ends!.getTime() <= nowMs;
  return { caps: written.caps, ends: over || wanted === null || wanted <= held.starts!.getTime() ? ends : new Date(wanted).toISOString() };
}

function retuned(held: Authorization, subject: Subject, nowMs: number): boolean {
  const next = retunedTerms(held, subject, nowMs);
  return !isDeepStrictEqual(next.caps, held.terms.caps) || next.ends !== held.ends!.toISOString();
}

/** An end brought nearer holds at once, whoever wrote it; everything else about the terms needs a decision. */
async function tighten(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, { system }: Subject, held: Authorization): Promise<void> {
  if (held.type !== "pilot" || system.spec.pilot?.ends === undefined || !held.ends || !held.starts) return;
  const written = Date.parse(system.spec.pilot.ends);
  if (written >= held.ends.getTime() || written <= held.starts.getTime()) return;
  const ends = new Date(written);
  await updateAuthorization(tx, ctx, held, { ends }, { reason: "the manifest brings the end nearer" });
  record({ type: "authorization", system: system.name, payload: { event: "shortened", authorization: held.id, ends: ends.toISOString() } });
}

/** Stores what was derived; a determination that differs from the last is an entry of its own. */
async function settle(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, subject: Subject, differences: readonly string[], due: Date | null): Promise<void> {
  const { system, version, determined, before, lastDigest } = subject;
  const next: SystemState = {
    system: system.name, halt: before?.halt ?? null, haltReason: before?.haltReason ?? null, tier: determined.tier, tierReasons: determined.reasons, unanswered: determined.unanswered,
    digest: version.digest, differences, reassessmentDue: due, open: before?.open ?? noEffect, stoppedAll: before?.stoppedAll ?? false, vacancies: before?.vacancies ?? [],
    ...(determined.override?.direction === "down" ? { tierUntil: determined.override.ends, tierAfter: determined.without } : { tierUntil: null, tierAfter: null }),
  };
  if (!isDeepStrictEqual(before, next)) await writeSystemState(tx, ctx.org, next);
  await keepDetermination(tx, ctx, record, system.name, determined, version.digest, { tier: before?.tier ?? null, digest: lastDigest });
}

/** Puts the current version to its approvers, once; an older open question about this system is withdrawn. */
async function ask(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, subject: Subject, type: AuthorizationType, tier: Tier, terms: Terms, authorizations: readonly Authorization[]): Promise<void> {
  const known = openRequest(authorizations, type);
  const cases = subject.before?.open ?? noEffect;
  // A question put before a case opened can't have told its approvers of it.
  const knows = known !== undefined && (cases.newest === null || known.createdAt.getTime() >= cases.newest.getTime());
  const same = knows && known.versionDigest === subject.version.digest && known.tier === tier && isDeepStrictEqual(known.terms, terms);
  if (same) return;
  await withdraw(tx, ctx, known, "the version changed");
  await openAuthorization(tx, ctx, record, { system: subject.system, digest: subject.version.digest, type, tier, terms, reason: cases.titles.length === 0 ? null : `Reassessment: ${cases.titles.join("; ")}`.slice(0, 900) });
}
