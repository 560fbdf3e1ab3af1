import { catalogs, controlFamilies, controls } from "../catalogs/catalogs.ts";
import type { EventFacts, ExportFacts, FindingFacts } from "./facts.ts";
import type { ExportFormat } from "./formats.ts";
import { cycloneDx } from "./cyclonedx.ts";
import { inTotoStatement } from "./in-toto.ts";
import type { StatementSigner } from "./in-toto.ts";
import { modelCard } from "./model-card.ts";
import { oscalAssessmentPlan, oscalAssessmentResults } from "./oscal/assessment.ts";
import { oscalCatalog } from "./oscal/catalog.ts";
import { oscalComponentDefinition } from "./oscal/component-definition.ts";
import { oscalMapping } from "./oscal/mapping.ts";
import { oscalPoam } from "./oscal/poam.ts";
import { ocsfLines } from "./ocsf.ts";
import { sarif } from "./sarif.ts";
import type { SarifSource } from "./sarif.ts";

/** What a writer asks for only when its format needs it. */
export interface ExportSource {
  readonly facts: ExportFacts;
  /** Findings that aren't closed. */
  readonly findings: () => Promise<readonly FindingFacts[]>;
  readonly findingBatches: () => Promise<SarifSource>;
  readonly events: () => AsyncIterable<readonly EventFacts[]>;
  readonly signer: StatementSigner;
}

/**
 * An export as parts of text, in order. The same facts give the same bytes.
 * @throws RangeError when `cyclonedx` or `model-card` is asked of other than one system
 */
export async function* renderExport(format: ExportFormat, source: ExportSource): AsyncGenerator<string> {
  const { facts } = source;
  if (format === "ocsf") return yield* ocsfLines(facts, source.events());
  if (format === "sarif") return yield* sarif(facts, await source.findingBatches());
  yield await documentOf(format, source);
}

async function documentOf(format: Exclude<ExportFormat, "ocsf" | "sarif">, { facts, findings, signer }: ExportSource): Promise<string> {
  switch (format) {
    case "oscal-catalog": return oscalCatalog(facts, controlFamilies(), controls());
    case "oscal-component-definition": return oscalComponentDefinition(facts, controls());
    case "oscal-assessment-plan": return oscalAssessmentPlan(facts, controls());
    case "oscal-assessment-results": return oscalAssessmentResults(facts, controls());
    case "oscal-poam": return oscalPoam(facts, controls(), await findings());
    case "oscal-mapping": return oscalMapping(facts, catalogs(), controls());
    case "cyclonedx": return cycloneDx(facts, onlySystem(facts));
    case "in-toto": return inTotoStatement(facts, signer);
    case "model-card": return modelCard(facts, onlySystem(facts), await findings(), controls().length);
  }
}

function onlySystem(facts: ExportFacts): ExportFacts["systemFacts"][number] {
  const [system, ...others] = facts.systemFacts;
  if (system === undefined || others.length > 0) throw new RangeError("this format is of one system");
  return system;
}
