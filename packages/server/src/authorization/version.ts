import { createHash } from "node:crypto";
import { canonicalBytes } from "@mandate/ledger";
import { definitionOf, kindOfReference, parseReference, serverOfWildcard } from "@mandate/model";
import type { AISystemSpec } from "@mandate/model";
import { toolNames } from "../registry/index.ts";
import type { RegisterView, StoredObject, ToolPin } from "../registry/index.ts";

/** Names of what a system is granted, wildcards resolved. */
export interface Grants {
  readonly models: readonly string[];
  readonly tools: readonly string[];
  readonly datasets: readonly string[];
  readonly prompts: readonly string[];
  readonly destinations: readonly string[];
}

/**
 * Everything a system uses, word for word. Cosmetic fields and people are left out: renaming a title must not void an
 * approval, and members of a group change without changing what the system may do.
 */
export interface VersionManifest {
  readonly system: string;
  readonly spec: AISystemSpec;
  readonly grants: Grants;
  /** Material specs of everything referred to, directly or through something, by `kind:name`. */
  readonly objects: Readonly<Record<string, unknown>>;
}

export interface Version {
  readonly manifest: VersionManifest;
  /** Hex SHA-256 of the manifest's RFC 8785 form. */
  readonly digest: string;
}

const leftOut: ReadonlySet<string> = new Set(["secret", "group", "legal-entity", "system"]);

export function buildVersion(system: StoredObject<"AISystem">, register: RegisterView, pins: readonly ToolPin[]): Version {
  const manifest = manifestOf(system, register, pins);
  return { manifest, digest: createHash("sha256").update(canonicalBytes(manifest)).digest("hex") };
}

/** The version's content, for whoever needs no digest of it: that is most of the work. */
export function manifestOf(system: StoredObject<"AISystem">, register: RegisterView, pins: readonly ToolPin[]): VersionManifest {
  const grants = resolveGrants(system.spec, register, pins);
  const objects: Record<string, unknown> = {};
  const visit = (text: string): void => {
    const reference = parseReference(text);
    if (!reference || leftOut.has(reference.kind) || text in objects) return;
    const kind = kindOfReference(reference.kind);
    const object = kind && register.get(kind, reference.name);
    if (!object) return;
    objects[text] = material(object);
    for (const inner of definitionOf(object.kind).refs(object.spec)) visit(inner.text);
  };
  for (const reference of definitionOf("AISystem").refs(system.spec)) {
    const server = reference.kind === "tool" ? serverOfWildcard(reference.name) : undefined;
    visit(server === undefined ? reference.text : `mcp-server:${server}`);
  }
  for (const tool of grants.tools) visit(`tool:${tool}`);
  // A definition accepted anew is another tool: who pins a server must not approve it for every system at once (G6).
  for (const [tool, hash] of pinnedOf(grants.tools, register, pins)) objects[`pin:${tool}`] = { definition: hash };
  return plain({ system: system.name, spec: material(system), grants, objects }) as VersionManifest;
}

function pinnedOf(tools: readonly string[], register: RegisterView, pins: readonly ToolPin[]): [string, string][] {
  if (tools.length === 0) return [];
  const granted = new Set(tools);
  return register.all("McpServer").flatMap(({ name }) => toolsOfServer(name, register, pins)).flatMap((tool): [string, string][] => (granted.has(tool.name) ? [[tool.name, tool.pin.pinnedHash]] : []));
}

/** Spec without its cosmetic fields. */
function material(object: StoredObject): unknown {
  const { cosmetic } = definitionOf(object.kind);
  return Object.fromEntries(Object.entries(object.spec).filter(([field]) => !cosmetic.includes(field)));
}

/** JSON has no `undefined`: what was not written is absent. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function resolveGrants(spec: AISystemSpec, register: RegisterView, pins: readonly ToolPin[]): Grants {
  const agents = spec.uses.agents.flatMap((text) => register.get("Agent", nameOf(text))?.spec ?? []);
  const tools = [...spec.uses.tools, ...agents.flatMap((agent) => agent.tools ?? [])].map(nameOf).flatMap((name) => {
    const server = serverOfWildcard(name);
    return server === undefined ? [name] : toolsOfServer(server, register, pins).map((tool) => tool.name);
  });
  const returned = tools.flatMap((name) => register.get("Tool", name)?.spec.returns ?? []).map(nameOf);
  return {
    models: unique([...spec.uses.models, ...agents.flatMap((agent) => agent.models ?? [])].map(nameOf)),
    tools: unique(tools),
    datasets: unique([...spec.uses.datasets.map(nameOf), ...returned]),
    prompts: unique([...spec.uses.prompts, ...agents.flatMap((agent) => agent.prompts ?? [])].map(nameOf)),
    destinations: unique(spec.uses.destinations.map(nameOf)),
  };
}

export interface ServerTool {
  readonly name: string;
  readonly pin: ToolPin;
  /** Undefined: pinned, but nobody labelled it. */
  readonly object: StoredObject<"Tool"> | undefined;
}

/** Pinned tools of one server. An unlabelled one goes by its own name, or by `SERVER.NAME` where that is taken. */
export function toolsOfServer(server: string, register: RegisterView, pins: readonly ToolPin[]): ServerTool[] {
  const declared = register.all("Tool").filter((tool) => tool.spec.server === `mcp-server:${server}`);
  return pins.filter((pin) => pin.server === server).map((pin) => {
    const object = declared.find((tool) => toolNames(tool).includes(pin.tool));
    const taken = register.get("Tool", pin.tool) !== undefined || pins.some((other) => other.server !== server && other.tool === pin.tool);
    return { name: object?.name ?? (taken ? `${server}.${pin.tool}` : pin.tool), pin, object };
  });
}

export function nameOf(reference: string): string {
  return reference.slice(reference.indexOf(":") + 1);
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)].toSorted();
}
