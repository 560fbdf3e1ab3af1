import { tierTerms } from "@mandate/frameworks";
import { visibilities } from "@mandate/model";
import type { RegisterFacts, SystemFacts, Visibility } from "@mandate/model";

export interface ModelVisibility {
  readonly model: string;
  readonly visibility: Visibility;
  /** Shows less than the system's tier needs. */
  readonly below: boolean;
}

/** What each model that a system may call lets us see, against what its tier needs. What we host ourselves we see in full. */
export function visibilityOf(system: Pick<SystemFacts, "tier" | "grants">, facts: Pick<RegisterFacts, "models">): { readonly minimum: Visibility; readonly models: readonly ModelVisibility[] } {
  const minimum = tierTerms(system.tier).visibilityMin;
  const models = facts.models
    .filter((model) => system.grants.models.includes(model.name))
    .map(({ name, visibility }) => ({ model: name, visibility, below: visibilities.indexOf(visibility) < visibilities.indexOf(minimum) }));
  return { minimum, models };
}

/** LOG-05: where a vendor shows too little, the gateway keeps everything it sees itself. Raised by the register, not by anybody's choice. */
export function withFullCapture(facts: RegisterFacts): RegisterFacts {
  return {
    ...facts,
    systems: facts.systems.map((system) => (system.parameters.logDetail === "full" || !visibilityOf(system, facts).models.some((one) => one.below) ? system : { ...system, parameters: { ...system.parameters, logDetail: "full" } })),
  };
}
