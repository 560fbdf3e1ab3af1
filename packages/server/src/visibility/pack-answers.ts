import type { RegisterFacts } from "@mandate/model";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { systemVisibility } from "./gaps.ts";

/** What vendors don't let us see, and who lives with it. @param facts as gateways hold them */
export async function visibilityAnswers(tx: Tx, org: string, scope: PackScope, facts: RegisterFacts, nowMs: number): Promise<SectionAnswers> {
  const all = (await systemVisibility(tx, org, facts, nowMs)).filter((one) => !one.system.startsWith("probe:") && (scope.systems.length === 0 || scope.systems.includes(one.system)));
  const gapped = all.filter((one) => one.gap !== null);
  const ownerOf = (name: string): string => facts.systems.find((one) => one.name === name)?.owners.business ?? "business owner, a seat that is vacant";
  return {
    E12: {
      "logging gaps accepted": {
        ...packAnswer({
          source: "register_objects, risk_acceptances",
          query: `systems with a model that shows less than their tier needs, and who accepted it as a risk until when; state at the moment of creation; ${scopeWords(scope)}`,
          gaps: gapped.filter((one) => one.gap?.accepted === null).map((one) => `${one.system}: ${one.gap!.models.join(", ")} show less than ${one.minimum}, and that anybody accepted it is not recorded: owner ${ownerOf(one.system)}.`),
          rows: gapped.map(({ system, minimum, models, capture, gap }) => ({ system, minimum, models, capture, accepted: gap!.accepted })),
        }),
        population: all.length,
      },
    },
  };
}
