import type { RegisterFacts, SystemFacts, ToolFacts } from "@mandate/model";
import { cedarTypeOf } from "./input.ts";

/**
 * The Cedar schema of our domain, as printable text. `tool.call` gets one tool's own `context.input`, because policies
 * are validated tool by tool: without a tool, `context.input` has no attribute at all.
 */
export function cedarSchema(
  facts: Pick<RegisterFacts, "tools" | "systems"> | null,
  toolName?: string,
  policyName?: string,
): string {
  const tool = facts?.tools.find((candidate) => candidate.name === toolName);
  const systems =
    facts?.systems.filter((system) => policyName === undefined || system.policies.includes(policyName)) ?? [];
  return `namespace Mandate {
  entity Unit;
  entity Vendor;
  entity McpServer in [Vendor];
  entity System in [Unit] = {
    ref: String, title: String, tier: String, lifecycle: String, status: String, missing: Set<String>,
    businessOwner?: String, technicalOwner?: String, purposes: Set<String>, audience: String, autonomy: String,
    environments: Set<String>, sensitivity: Long, classes: Set<String>, regions: Set<String>, training: String,
    grants: Set<String>, differences: Set<String>, versionDigest: String, reassessmentDue?: Long, ownerVacantDue?: Long, conditionSuspends?: Long, conditionReassesses?: Long, conditionRestricts?: Long,
    authorization?: { type: String, state: String, versionDigest: String, starts: Long, ends: Long },
  };
  entity Model in [Vendor] = { ref: String, known: Bool, region?: String, training: String, maxSensitivity: Long, visibility: String, stopped: Bool };
  entity Dataset = { ref: String, known: Bool, sensitivity: Long, classes: Set<String>, region?: String, purposes: Set<String> };
  entity Tool in [McpServer] = {
    ref: String, known: Bool, effect: String, reversible: Bool, changed: Bool, hosted: Bool, output: String, stopped: Bool,
    region?: String, returns?: Dataset,
  };
  entity Destination in [Vendor] = {
    ref: String, known: Bool, kind: String, region?: String, classes: Set<String>, maxSensitivity: Long, purposes: Set<String>, stopped: Bool,
  };
  entity Prompt = { ref: String, known: Bool };
  type Labels = { sensitivity: Long, untrusted: Bool, residency: Set<String>, classes: Set<String>, purposes?: Set<String> };
  type Data = { classes: Set<String>, sensitivity: Long, area: Set<String>, regionInside: Bool, regionKnown: Bool, cleared: Bool };
  type Session = ${sessionType(systems)};
  action use;
  action "model.call" in [use] appliesTo { principal: [System], resource: [Model], context: ${contextType("")} };
  action "tool.call" in [use] appliesTo { principal: [System], resource: [Tool], context: ${contextType(toolContext(tool))} };
  action "data.export" in [use] appliesTo { principal: [System], resource: [Destination], context: ${contextType("")} };
  action deploy appliesTo { principal: [System], resource: [System], context: ${contextType("digest?: String,")} };
}
`;
}

function contextType(more: string): string {
  return `{ now: Long, purpose?: String, labels: Labels, session: Session, data: Data, ${more} }`;
}

function toolContext(tool: ToolFacts | undefined): string {
  const input = tool?.input === null || tool === undefined ? null : cedarTypeOf({ ...tool.input, type: "object" });
  return `input: ${input ?? "{}"}, inputProblem?: String, argumentsFromUser: Bool, recipientIsCaller: Bool,`;
}

/** Claims that every bound system's verified tokens carry; still optional, since a call may come without a token. */
function sessionType(systems: readonly SystemFacts[]): string {
  const claims = new Set(systems[0]?.session.claims ?? []);
  for (const system of systems)
    for (const claim of claims) if (!system.session.claims.includes(claim)) claims.delete(claim);
  return `{ ${[...claims].map((claim) => `${JSON.stringify(claim)}?: String`).join(", ")} }`;
}
