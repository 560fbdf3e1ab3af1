import { visibilities } from "@mandate/model";
import type { RegisterFacts, SpecOf, SystemFacts, Tier, Visibility } from "@mandate/model";
import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import type { RegisterView } from "../registry/index.ts";
import { organizationTerms } from "../tiering/index.ts";

export interface ModelVisibility {
  readonly model: string;
  readonly visibility: Visibility;
  /** Shows less than the system's tier needs. */
  readonly below: boolean;
}

/** What we host ourselves we see in full; a vendor nobody described shows nothing. */
export function modelVisibility(spec: SpecOf<"Model">, register: RegisterView): Visibility {
  if (spec.visibility !== undefined) return spec.visibility;
  if (spec.vendor === undefined) return spec.host === "self" ? "full" : "none";
  return register.get("Vendor", spec.vendor.slice(spec.vendor.indexOf(":") + 1))?.spec.visibility ?? "none";
}

/**
 * What each model that a system may call lets us see, against what its tier needs here.
 * @param minimumOf each tier's, as the organization has tightened it
 */
export function visibilityOf(system: Pick<SystemFacts, "tier" | "grants">, facts: { readonly models: readonly { readonly name: string; readonly visibility: Visibility }[] }, minimumOf: (tier: Tier) => Visibility): { readonly minimum: Visibility; readonly models: readonly ModelVisibility[] } {
  const minimum = minimumOf(system.tier);
  const models = facts.models
    .filter((model) => system.grants.models.includes(model.name))
    .map(({ name, visibility }) => ({ model: name, visibility, below: visibilities.indexOf(visibility) < visibilities.indexOf(minimum) }));
  return { minimum, models };
}

/** The least that models must show, by tier, in this organization. */
export async function visibilityMinimum(tx: Tx, org: string): Promise<(tier: Tier) => Visibility> {
  const terms = await organizationTerms(tx, org);
  return (tier) => terms(tier).visibilityMin;
}

/** The same object for the same system, so that nobody takes it for changed. */
const raised = new WeakMap<SystemFacts, SystemFacts>();

function inFull(system: SystemFacts): SystemFacts {
  let made = raised.get(system);
  if (made === undefined) raised.set(system, (made = { ...system, parameters: { ...system.parameters, logDetail: "full" } }));
  return made;
}

/** LOG-05: where a vendor shows too little, the gateway keeps everything it sees itself. Raised by the register, not by anybody's choice. */
export async function withFullCapture(tx: Tx, facts: RegisterFacts): Promise<RegisterFacts> {
  const { rows } = await sql<{ org: string }>`select mandate_org() as org`.execute(tx);
  const minimumOf = await visibilityMinimum(tx, rows[0]!.org);
  return {
    ...facts,
    systems: facts.systems.map((system) => (system.parameters.logDetail === "full" || !visibilityOf(system, facts, minimumOf).models.some((one) => one.below) ? system : inFull(system))),
  };
}
