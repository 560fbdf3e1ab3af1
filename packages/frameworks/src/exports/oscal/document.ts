import { canonicalText, sha256Hex, stableUuid } from "../canonical.ts";
import type { ExportHead, SystemFacts } from "../facts.ts";
import type { ExportFormat } from "../formats.ts";
import { exportNamespace } from "../formats.ts";
import { documentUuid, manifestOf } from "../manifest.ts";

export const oscalVersion = "1.2.2";

export interface Prop {
  readonly name: string;
  readonly ns: string;
  readonly value: string;
  readonly class?: string;
}

/** A property of ours. OSCAL's strings don't begin or end in white space and aren't empty. */
export function prop(name: string, value: string, of?: string): Prop {
  return { name, ns: exportNamespace, value: line(value), ...(of === undefined ? {} : { class: of }) };
}

/** One line, as OSCAL's StringDatatype and MarkupLineDatatype want it. */
export function line(text: string): string {
  const one = text.replaceAll(/\s+/g, " ").trim();
  return one === "" ? "-" : one;
}

/** OSCAL has no empty lists: an absent member says the same. */
export function some<T>(name: string, items: readonly T[]): Record<string, readonly T[]> {
  return items.length === 0 ? {} : { [name]: items };
}

export const contentHash = "content-sha256";

/** The product as a component and as the tool behind each observation. */
export const productUuid = stableUuid("product", "mandate");

export function systemUuid(head: ExportHead, system: string): string {
  return stableUuid(head.organization.id, "system", system);
}

interface Parts {
  readonly root: string;
  readonly format: ExportFormat;
  readonly title: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly resources?: readonly Readonly<Record<string, unknown>>[];
}

/**
 * A whole OSCAL document with its metadata, sealed by a hash over its own canonical form (the hash's place empty).
 * @returns JSON text, members in a fixed order
 */
export function oscalDocument(head: ExportHead, { root, format, title, counts, body, resources = [] }: Parts): string {
  const manifest = manifestOf(format, head, counts);
  const organization = stableUuid(head.organization.id, "organization");
  const exporter = stableUuid(head.organization.id, "party", head.exportedBy);
  const isPerson = head.exportedBy.includes("@");
  const document = (hash: string) => ({
    [root]: {
      uuid: documentUuid(format, head),
      metadata: {
        title,
        "last-modified": head.exportedAt,
        version: `register-${head.registerVersion}`,
        "oscal-version": oscalVersion,
        props: [
          prop("schema", manifest.schema),
          prop("format", format),
          prop("register-version", String(head.registerVersion)),
          ...(head.systems === null ? [prop("scope", "every system")] : head.systems.map((name) => prop("scope-system", name))),
          ...head.position.map(({ origin, size, root: at }) => prop("log-position", `${origin} ${size} ${at}`)),
          ...Object.entries(counts).map(([of, count]) => prop("count", String(count), of)),
          prop(contentHash, hash),
        ],
        roles: [{ id: "exporter", title: "Who made this export" }],
        parties: [
          { uuid: organization, type: "organization", name: line(head.organization.name) },
          { uuid: exporter, type: isPerson ? "person" : "organization", name: line(head.exportedBy) },
        ],
        "responsible-parties": [{ "role-id": "exporter", "party-uuids": [exporter] }],
      },
      ...body,
      ...(resources.length === 0 ? {} : { "back-matter": { resources } }),
    },
  });
  return `${JSON.stringify(document(sha256Hex(canonicalText(document("-")))), null, 1)}\n`;
}

/** Systems as components that observations point at. */
export function systemComponents(head: ExportHead, systems: readonly SystemFacts[]): readonly Record<string, unknown>[] {
  return systems.map((system) => ({
    uuid: systemUuid(head, system.name),
    type: "system",
    title: line(system.title),
    description: line(system.purposes.map((one) => one.text).join(" ") || "No purpose is on record."),
    props: systemProps(system),
    status: { state: system.lifecycle === "retired" ? "disposition" : system.lifecycle === "production" ? "operational" : "under-development" },
  }));
}

export function systemProps(system: SystemFacts): readonly Prop[] {
  return [
    prop("system", system.name),
    prop("tier", system.tier),
    prop("lifecycle", system.lifecycle),
    prop("operating-status", system.status),
    prop("version-digest", system.versionDigest),
    prop("authorization", system.authorization === null ? "none" : `${system.authorization.type} ${system.authorization.state}`),
    ...(system.authorization?.ends == null ? [] : [prop("authorization-ends", system.authorization.ends)]),
    ...system.missing.map((one) => prop("missing", one)),
    ...system.differences.map((one) => prop("difference", one)),
  ];
}

export const productComponent = {
  uuid: productUuid,
  type: "software",
  title: "Mandate",
  description: "Register, gateway and evidence log: decides each call of an AI system against its record and keeps the proof.",
  status: { state: "operational" },
} as const;

/** A resource that another document or a record stands behind. */
export function resource(uuid: string, title: string, description: string): Record<string, unknown> {
  return { uuid, title: line(title), description: line(description) };
}
