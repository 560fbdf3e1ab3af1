import { canonicalText, sha256Hex } from "./canonical.ts";
import type { ExportHead, PartFacts, SystemFacts } from "./facts.ts";
import { documentUuid, manifestOf } from "./manifest.ts";

interface Property {
  readonly name: string;
  readonly value: string;
}

export const cycloneHash = "mandate:content-sha256";

const properties = (of: Readonly<Record<string, string>>): Property[] => Object.entries(of).map(([name, value]) => ({ name: `mandate:${name}`, value }));
const refOf = (part: PartFacts): string => `${part.kind}:${part.name}`;

/**
 * CycloneDX 1.7 bill of materials of one system: what it uses as the register holds it. Prompts' text, endpoints and
 * credentials stay out.
 */
export function cycloneDx(head: ExportHead, system: SystemFacts): string {
  const services = system.parts.filter((part) => part.kind === "tool" || part.kind === "destination");
  const components = system.parts.filter((part) => part.kind !== "tool" && part.kind !== "destination");
  const counts = { components: components.length, services: services.length, dependencies: system.parts.length + 1 };
  const manifest = manifestOf("cyclonedx", head, counts);
  const ref = `system:${system.name}`;
  const document = (hash: string) => ({
    $schema: "http://cyclonedx.org/schema/bom-1.7.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.7",
    serialNumber: `urn:uuid:${documentUuid("cyclonedx", head)}`,
    version: 1,
    metadata: {
      timestamp: head.exportedAt,
      lifecycles: [{ phase: system.lifecycle === "retired" ? "decommission" : system.lifecycle === "production" ? "operations" : "design" }],
      tools: { components: [{ type: "application", name: "Mandate" }] },
      component: {
        type: "application",
        "bom-ref": ref,
        name: system.name,
        version: String(system.version),
        description: system.description ?? system.title,
        hashes: [{ alg: "SHA-256", content: system.versionDigest }],
        properties: [...properties({ tier: system.tier, lifecycle: system.lifecycle, "operating-status": system.status, audience: system.audience, autonomy: system.autonomy, authorization: system.authorization === null ? "none" : `${system.authorization.type} ${system.authorization.state}` }), ...system.purposes.map((one) => ({ name: "mandate:purpose", value: one.id })), ...system.unresolved.map((one) => ({ name: "mandate:unresolved", value: one }))],
      },
      supplier: { name: head.organization.name },
      properties: [
        ...properties({ schema: manifest.schema, format: manifest.format, "exported-by": head.exportedBy, "register-version": String(head.registerVersion) }),
        ...head.position.map(({ origin, size, root }) => ({ name: "mandate:log-position", value: `${origin} ${size} ${root}` })),
        ...Object.entries(counts).map(([of, count]) => ({ name: `mandate:count:${of}`, value: String(count) })),
        { name: cycloneHash, value: hash },
      ],
    },
    components: components.map((part) => componentOf(part, system)),
    services: services.map(serviceOf),
    dependencies: [{ ref, dependsOn: system.parts.map(refOf) }, ...system.parts.map((part) => ({ ref: refOf(part) }))],
    // What the gateway lets it reach. Libraries and what runs beside the gateway aren't known here.
    compositions: [{ aggregate: "incomplete", assemblies: [ref] }],
  });
  return `${JSON.stringify(document(sha256Hex(canonicalText(document("")))), null, 1)}\n`;
}

function componentOf(part: PartFacts, system: SystemFacts): Record<string, unknown> {
  const about = {
    "bom-ref": refOf(part),
    name: part.name,
    version: String(part.version),
    ...(part.vendor === null ? {} : { supplier: { name: part.vendor } }),
    // Of the register's entry, canonical JSON: the model's weights are not ours to hash.
    properties: properties({ kind: part.kind, "spec-sha256": part.sha256, ...part.facts }),
  };
  if (part.kind === "model") {
    return { type: "machine-learning-model", ...about, modelCard: { modelParameters: { inputs: [], outputs: [] }, considerations: { useCases: system.purposes.map((one) => one.text), users: [system.audience], technicalLimitations: system.prohibitedUses.map((one) => `Not for: ${one}`) }, properties: properties({ "use-cases-of": system.name }) } };
  }
  if (part.kind === "dataset" || part.kind === "prompt") {
    return {
      type: "data",
      ...about,
      data: [{ type: part.kind === "dataset" ? "dataset" : "definition", name: part.name, ...(part.facts["sensitivity"] === undefined ? {} : { classification: part.facts["sensitivity"] }), ...(part.classes.length === 0 ? {} : { sensitiveData: part.classes }), ...(part.owner === null ? {} : { governance: { owners: [{ contact: { email: part.owner } }] } }) }],
    };
  }
  return { type: "application", ...about };
}

function serviceOf(part: PartFacts): Record<string, unknown> {
  const isOutside = part.kind === "destination" && part.facts["reach"] !== "internal";
  return {
    "bom-ref": refOf(part),
    name: part.name,
    version: String(part.version),
    ...(part.vendor === null ? {} : { provider: { name: part.vendor } }),
    ...(part.kind === "destination" ? { "x-trust-boundary": isOutside } : {}),
    ...(part.classes.length === 0 ? {} : { data: part.classes.map((classification) => ({ flow: "outbound", classification })) }),
    properties: properties({ kind: part.kind, "spec-sha256": part.sha256, ...part.facts }),
  };
}
