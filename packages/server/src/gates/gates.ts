import { gateItems } from "@mandate/frameworks";
import type { GateItem } from "@mandate/frameworks";
import { AppError } from "@mandate/model";
import type { AuthorizationType, Tier } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { exceptionsInForce } from "../exceptions/index.ts";
import { flowDecisions } from "../legal-reviews/index.ts";
import { evaluationState, listAcceptances } from "../records/index.ts";
import { loadPins, loadRegister } from "../registry/index.ts";
import type { Register, StoredObject, ToolPin } from "../registry/index.ts";
import { determinationsOf, loadOwnRules, organizationTerms } from "../tiering/index.ts";
import { modelVisibility, systemVisibility } from "../visibility/index.ts";
import { lastAnchor } from "./anchor.ts";
import type { Anchor } from "./anchor.ts";
import { checkGate } from "./checks.ts";
import type { Checked, GateFacts } from "./checks.ts";
import { grantUses } from "./use.ts";

/** Whose gates: the version that is there now, at its tier. */
export interface GateSubject {
  readonly system: StoredObject<"AISystem">;
  readonly tier: Tier;
  readonly grants: GateFacts["grants"];
}

export interface Gate {
  readonly id: string;
  readonly title: string;
  readonly state: Checked["state"] | "waived";
  readonly detail: string;
  readonly evidence: string | null;
  /** Who can fix it, and how; of one that is met, who keeps it so. */
  readonly who: { readonly role: string; readonly email: string | null };
  readonly fix: { readonly text: string; readonly page: string };
  readonly waiver: { readonly exception: string; readonly by: readonly string[]; readonly until: string; readonly compensating: string } | null;
}

/** What is the same for every system, read once. */
export interface GateSurroundings {
  readonly register: Register;
  readonly pins: readonly ToolPin[];
  readonly acceptedRisks: ReadonlySet<string>;
  readonly anchor: Anchor;
  readonly termsOf: Awaited<ReturnType<typeof organizationTerms>>;
}

export async function loadGateSurroundings(tx: Tx, org: string, nowMs: number): Promise<GateSurroundings> {
  return {
    register: await loadRegister(tx, org),
    pins: await loadPins(tx, org),
    acceptedRisks: new Set((await listAcceptances(tx, org, nowMs)).filter((one) => one.state === "in-force").map((one) => one.risk)),
    anchor: await lastAnchor(tx, org),
    termsOf: await organizationTerms(tx, org),
  };
}

/** Everything a gate looks at of one system. */
export async function readGateFacts(tx: Tx, org: string, { system, tier, grants }: GateSubject, type: AuthorizationType, nowMs: number, { register, pins, acceptedRisks, anchor, termsOf }: GateSurroundings): Promise<GateFacts> {
  const [last] = await determinationsOf(tx, org, system.name, 1);
  const owners = [system.spec.owners.business, system.spec.owners.technical].filter((email) => email !== undefined);
  const people = await sql<{ email: string; state: string }>`select email, state from people where org = ${org} and email = any(${owners.map((email) => email.toLowerCase())})`.execute(tx);
  const stateOf = new Map(people.rows.map((row) => [row.email, row.state]));
  const terms = termsOf(tier);
  const seen = { systems: [{ name: system.name, tier, grants: { ...grants, agents: [] }, parameters: terms.runtime }], models: register.all("Model").map(({ name, spec }) => ({ name, visibility: modelVisibility(spec, register) })) };
  const keys = await sql<{ id: string; createdAt: Date }>`select id, created_at as "createdAt" from credentials where org = ${org} and system = ${system.name} and state = 'active' and not_after > ${new Date(nowMs)} order by id`.execute(tx);
  const drill = await sql<{ at: Date | null }>`select max(resumed_at) as at from stop_drills where org = ${org} and system = ${system.name}`.execute(tx);
  return {
    nowMs, type, system, tier, grants, flags: last?.flags ?? [], unanswered: last?.unanswered ?? ["tier"], register, pins, acceptedRisks, anchor,
    departed: new Set(owners.filter((email) => stateOf.get(email.toLowerCase()) === "deactivated")),
    unseen: new Set(owners.filter((email) => (stateOf.get(email.toLowerCase()) ?? "invited") === "invited")),
    evaluations: register.all("Evaluation").filter(({ spec }) => spec.system === `system:${system.name}`).map(({ name, spec }) => ({ name, title: spec.title, metric: spec.metric, state: evaluationState(spec, nowMs) })),
    keys: keys.rows,
    credentialMaxDays: terms.credentialMaxDays,
    lastDrill: drill.rows[0]?.at ?? null,
    flows: await flowDecisions(tx, org, register, { system: system.name, regions: system.spec.boundary?.regions ?? [], grants }, nowMs),
    uses: await grantUses(tx, org, system.name, grants),
    visibility: (await systemVisibility(tx, org, seen, nowMs, undefined, register))[0]!,
  };
}

/** Every gate item with what a machine finds of it now. */
export async function readGates(tx: Tx, org: string, { system, tier, grants }: GateSubject, type: AuthorizationType, nowMs: number): Promise<readonly Gate[]> {
  const facts = await readGateFacts(tx, org, { system, tier, grants }, type, nowMs, await loadGateSurroundings(tx, org, nowMs));
  const { flags } = facts;
  const waivers = (await exceptionsInForce(tx, org, nowMs, system.name)).filter((one) => one.scope === "gate" || one.scope === "control");
  return gateItems(tier, type, flags, await loadOwnRules(tx, org)).map((item) => {
    const checked = checkGate(item.id, facts);
    const waived = checked.state === "met" ? undefined : waivers.findLast((one) => one.target === item.id);
    return {
      id: item.id, title: item.title, state: waived === undefined ? checked.state : "waived", detail: checked.detail, evidence: checked.evidence,
      who: { role: item.who, email: ownerOf(item, system) },
      fix: { text: item.fix, page: item.page.replaceAll("{name}", encodeURIComponent(system.name)) },
      waiver: waived === undefined ? null : { exception: waived.id, by: waived.grantedBy ?? [], until: waived.endsAt.toISOString(), compensating: waived.compensating },
    };
  });
}

function ownerOf({ who }: GateItem, { spec }: StoredObject<"AISystem">): string | null {
  return (who === "business-owner" ? spec.owners.business : who === "technical-owner" ? spec.owners.technical : undefined) ?? null;
}

/**
 * What can't be told blocks nobody: it is shown, and stands in the evidence of the grant.
 * @throws AppError `gate.unmet` (409) naming each item that isn't met and not waived
 */
export function requireMet(gates: readonly Gate[], system: string, type: AuthorizationType): void {
  const open = gates.filter((gate) => gate.state === "not_met");
  if (open.length === 0) return;
  throw new AppError({
    code: "gate.unmet",
    status: 409,
    message: `${open.length} of ${gates.length} gates for ${type} aren't met: ${open.map((gate) => `${gate.id} (${gate.detail.replace(/\.$/, "")})`).join("; ")}.`,
    details: { gates: open.map(({ id, title, detail, who, fix }) => ({ id, title, detail, who, fix })) },
    remedies: [...open.slice(0, 10).map((gate) => ({ text: `${gate.id}: ${gate.fix.text}`, url: gate.fix.page })), { text: "Or ask for an exception with an end.", command: `npx mandate exception request --system ${system} --gate ID --compensating TEXT --until INSTANT` }],
  });
}
