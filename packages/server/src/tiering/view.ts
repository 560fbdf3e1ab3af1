import { askedInputs, derivedInputs, lowestTier, shareAlone } from "@mandate/frameworks";
import type { FlagReason, TierReason } from "@mandate/frameworks";
import { AppError, tiers } from "@mandate/model";
import { sql } from "kysely";
import { z } from "zod";
import type { Tx } from "../database/index.ts";
import { loadRegister } from "../registry/index.ts";
import { loadObserved } from "./observed.ts";
import { determinationsOf, overridesOf } from "./store.ts";
import type { Override } from "./store.ts";

export const tierReason = z.object({ rule: z.string(), tier: z.enum(tiers), text: z.string(), cite: z.array(z.string()).readonly() });
export const tierFlag = z.object({ flag: z.string(), adds: z.array(z.string()).readonly(), because: z.string() });

export function shownReason(reason: TierReason): z.infer<typeof tierReason> {
  return { rule: reason.rule, tier: reason.tier, text: reason.because, cite: reason.citations };
}

const overrideSchema = z.object({ id: z.string(), direction: z.enum(["up", "down"]), tier: z.enum(tiers), state: z.enum(["asked", "in_force", "ended"]), reason: z.string(), by: z.string(), approver: z.string().nullable(), approval: z.string().nullable(), starts: z.string().nullable(), ends: z.string().nullable() });
const input = z.object({ input: z.string(), question: z.string(), kind: z.enum(["asked", "derived"]), value: z.unknown(), source: z.enum(["answered", "unanswered", "declared", "observed", "not_computed"]), by: z.string().nullable(), at: z.string().nullable() });

export const tierView = z.object({
  system: z.string(),
  tier: z.enum(tiers),
  /** As low as a person may bring it, with a second one. */
  lowest: z.enum(tiers),
  digest: z.string(),
  at: z.string(),
  reasons: z.array(tierReason),
  flags: z.array(tierFlag),
  unanswered: z.array(z.string()),
  inputs: z.array(input),
  contradictions: z.array(z.object({ input: z.string(), declared: z.string(), observed: z.string() })),
  traffic: z.object({ calls: z.number(), tools: z.array(z.object({ name: z.string(), effect: z.string(), allowed: z.number(), approved: z.number() })), alone: z.number().nullable() }).nullable(),
  override: overrideSchema.nullable(),
  overrides: z.array(overrideSchema),
  history: z.array(z.object({ seq: z.number(), at: z.string(), by: z.string(), tier: z.enum(tiers), digest: z.string(), reasons: z.array(tierReason) })),
});

/** Where each asked input stands in the record. */
const answerAt: Readonly<Record<string, string>> = { purpose: "purposes", role: "roles" };

interface Version {
  readonly spec: Readonly<Record<string, unknown>> | null;
  readonly author: string;
  readonly email: string | null;
  readonly at: Date;
}

export async function readTier(tx: Tx, org: string, system: string, nowMs: number): Promise<z.infer<typeof tierView>> {
  const history = await determinationsOf(tx, org, system, 100);
  const last = history[0];
  if (last === undefined) throw new AppError({ code: "registry.not_found", status: 404, message: "There is no system of this name.", remedies: [{ text: "List systems.", command: "npx mandate get systems" }] });
  const seen = (await loadObserved(tx, org, await loadRegister(tx, org))).get(system);
  const { rows: versions } = await sql<Version>`select spec, author, author_email as email, recorded_at as at from register_history where org = ${org} and kind = 'AISystem' and name = ${system} order by version desc limit 200`.execute(tx);
  const overrides = (await overridesOf(tx, org, system)).map((one) => shownOverride(one, nowMs));
  const observed = new Set(last.contradictions.map((one) => one.input));
  const value: Readonly<Record<string, unknown>> = {
    audience: last.inputs.audience, data_classes: { sensitivity: last.inputs.sensitivity, classes: last.inputs.classes }, autonomy: last.inputs.autonomy, tool_effect: last.inputs.tools.map((tool) => tool.effect),
    external_effect: last.inputs.externalEffect, vendor_logging: last.inputs.vendorVisibility, interacts_with_people: last.inputs.interactsWithPeople, synthetic_output: last.inputs.syntheticOutput, agent_links: last.inputs.calledTiers,
    personal_data: last.inputs.classes, hosting: last.inputs.crossBorder === undefined ? undefined : { crossBorder: last.inputs.crossBorder }, scale: seen === undefined ? undefined : { calls: seen.calls },
  };
  return {
    system,
    tier: last.tier,
    lowest: lowestTier({ ...last, reasons: last.reasons.filter((reason) => reason.rule !== "override") }),
    digest: last.digest,
    at: last.at.toISOString(),
    reasons: last.reasons.map(shownReason),
    flags: last.flags.map((flag: FlagReason) => ({ ...flag })),
    unanswered: [...last.unanswered],
    inputs: [
      ...[...askedInputs].map(([id, question]) => ({ input: id, question, kind: "asked" as const, ...answered(id, versions) })),
      ...[...derivedInputs].map(([id, question]) => ({ input: id, question, kind: "derived" as const, value: value[id] ?? null, source: value[id] === undefined ? ("not_computed" as const) : observed.has(id) || id === "scale" ? ("observed" as const) : ("declared" as const), by: null, at: null })),
    ],
    contradictions: [...last.contradictions],
    traffic: seen === undefined ? null : { calls: seen.calls, tools: seen.tools.map(({ name, effect, allowed, approved }) => ({ name, effect, allowed, approved })), alone: shareAlone(seen) ?? null },
    override: overrides.find((one) => one.state === "in_force") ?? null,
    overrides,
    history: history.map((one) => ({ seq: one.seq, at: one.at.toISOString(), by: one.authorEmail ?? one.author, tier: one.tier, digest: one.digest, reasons: one.reasons.map(shownReason) })),
  };
}

function shownOverride(one: Override, nowMs: number): z.infer<typeof overrideSchema> {
  const over = one.endedAt !== null || (one.ends !== null && one.ends.getTime() <= nowMs);
  return { id: one.id, direction: one.direction, tier: one.tier, state: over ? "ended" : one.starts === null ? "asked" : "in_force", reason: one.reason, by: one.requesterEmail ?? one.requester, approver: one.approver, approval: one.approvalId, starts: one.starts?.toISOString() ?? null, ends: one.ends?.toISOString() ?? null };
}

/** Who gave the answer that stands, and when: the version of the record that brought it, not what the record says of itself. */
function answered(id: string, versions: readonly Version[]): { value: unknown; source: "answered" | "unanswered"; by: string | null; at: string | null } {
  const read = (version: Version | undefined): unknown => {
    const { spec } = version ?? {};
    const member = answerAt[id];
    return member === undefined ? (spec?.["intake"] as Record<string, unknown> | undefined)?.[id] : spec?.[member];
  };
  const value = read(versions[0]);
  if (value === undefined || (Array.isArray(value) && value.length === 0 && id in answerAt)) return { value: null, source: "unanswered", by: null, at: null };
  const text = JSON.stringify(value);
  let first = 0;
  while (versions[first + 1]?.spec != null && JSON.stringify(read(versions[first + 1])) === text) first++;
  const { author, email, at } = versions[first]!;
  return { value, source: "answered", by: email ?? author, at: at.toISOString() };
}
