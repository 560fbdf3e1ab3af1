import type { RegisterFacts, SystemFacts, Visibility } from "@mandate/model";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { listAcceptances } from "../records/index.ts";
import { loadRegister } from "../registry/index.ts";
import type { Register } from "../registry/index.ts";
import { visibilityMinimum, visibilityOf } from "./visibility.ts";
import type { ModelVisibility } from "./visibility.ts";

/** The control that a risk must name to stand for a visibility gap. */
export const gapControl = "LOG-05";

export interface SystemVisibility {
  readonly system: string;
  readonly minimum: string;
  readonly models: readonly ModelVisibility[];
  /** Log detail in force. */
  readonly capture: "metadata" | "redacted" | "full";
  /** Null when there is no gap; else who lives with it, if anybody does now. */
  readonly gap: { readonly models: readonly string[]; readonly accepted: { readonly risk: string; readonly by: string; readonly ends: string } | null } | null;
}

/** What is read of the register's facts; the gates give what they look at instead. */
export interface VisibilityFacts {
  readonly systems: readonly (Pick<SystemFacts, "name" | "tier" | "grants"> & { readonly parameters: Pick<SystemFacts["parameters"], "logDetail"> })[];
  readonly models: readonly { readonly name: string; readonly visibility: Visibility }[];
}

/** @param facts as gateways hold them */
export async function systemVisibility(tx: Tx, org: string, facts: VisibilityFacts, nowMs: number, only?: string, known?: Register): Promise<readonly SystemVisibility[]> {
  const register = known ?? (await loadRegister(tx, org));
  const minimumOf = await visibilityMinimum(tx, org);
  const acceptances = (await listAcceptances(tx, org, nowMs)).filter((one) => one.state === "in-force");
  const risks = register.all("Risk").filter((risk) => risk.spec.controls.includes(gapControl));
  return facts.systems
    .filter((system) => only === undefined || system.name === only)
    .map((system) => {
      const { minimum, models } = visibilityOf(system, facts, minimumOf);
      const below = models.filter((one) => one.below).map((one) => one.model);
      const risk = risks.find((one) => one.spec.systems.includes(`system:${system.name}`) && acceptances.some((acceptance) => acceptance.risk === one.name));
      const acceptance = acceptances.find((one) => one.risk === risk?.name);
      return { system: system.name, minimum, models, capture: system.parameters.logDetail, gap: below.length === 0 ? null : { models: below, accepted: acceptance === undefined ? null : { risk: acceptance.risk, by: acceptance.by, ends: acceptance.ends } } };
    });
}

export interface GapPorts {
  readonly facts: () => RegisterFacts;
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], stillOpen: ReadonlySet<string>) => Promise<void>;
}

/** A gap that nobody accepted is a finding of the system's business owner. */
export function watchVisibility(ctx: ServerContext, ports: GapPorts): Job {
  return {
    name: "watch visibility",
    everyMs: 5 * 60_000,
    async run() {
      const facts = ports.facts();
      const open = (await ctx.read((tx) => systemVisibility(tx, ctx.org, facts, ctx.now()))).filter((one) => one.gap !== null && one.gap.accepted === null);
      for (const { system, gap, minimum } of open) {
        await ports.report({ key: `visibility.gap:${system}`, system, kind: "visibility.gap", title: `${system} uses models that show less than its tier needs`, detail: `${gap!.models.join(", ")} show less than ${minimum}. The gateway keeps full content meanwhile; nobody has accepted what it can't see. Write a risk with the control ${gapControl} for this system, and have it accepted.`, owner: facts.systems.find((one) => one.name === system)?.owners.business ?? null });
      }
      await ports.settle(["visibility.gap"], new Set(open.map((one) => `visibility.gap:${one.system}`)));
    },
  };
}
