import type { AISystemSpec } from "@mandate/model";
import type { Tx } from "../database/index.ts";
import { loadPins, loadRegister } from "../registry/index.ts";
import { currentAuthorizations, inForce, systemStates, versionManifests } from "./store.ts";
import { manifestOf, toolsOfServer } from "./version.ts";

export interface Dependent {
  readonly system: string;
  readonly owners: readonly string[];
  /** As approved. */
  readonly spec: AISystemSpec;
  /** `kind:name` of what calls name, where it goes through the subject. */
  readonly through: readonly string[];
}

/** A retired system never runs again: nothing that changes about it is anybody's to decide. */
async function running(tx: Tx, org: string): Promise<(system: string) => boolean> {
  const states = await systemStates(tx, org);
  return (system) => states.get(system)?.halt !== "retired";
}

/** Systems not retired with an authorization in force whose approved or current version holds `subject`, such as `vendor:acme`. */
export async function dependentsOf(tx: Tx, org: string, subject: string): Promise<Dependent[]> {
  const register = await loadRegister(tx, org);
  const pins = await loadPins(tx, org);
  const authorizations = await currentAuthorizations(tx, org);
  const manifests = await versionManifests(tx, org, [...authorizations.values()].flatMap((all) => inForce(all) ?? []));
  const runs = await running(tx, org);
  return register.all("AISystem").flatMap((system): Dependent[] => {
    const held = runs(system.name) ? inForce(authorizations.get(system.name) ?? []) : undefined;
    const approved = held && manifests.get(`${system.name} ${held.versionDigest}`);
    if (!approved) return [];
    const current = manifestOf(system, register, pins);
    const objects: Readonly<Record<string, unknown>> = { ...current.objects, ...approved.objects };
    if (!(subject in objects)) return [];
    const { business, technical } = system.spec.owners;
    return [{ system: system.name, owners: [business, technical].flatMap((email) => email ?? []), spec: approved.spec, through: reachedThrough(subject, objects) }];
  });
}

export interface ServerUser {
  readonly system: string;
  /** The register's name of the tool. */
  readonly tool: string;
  /** The server's own name for it. */
  readonly offeredAs: string;
  readonly owners: readonly string[];
}

/** Who was granted which tool of an MCP server, by the version in force. */
export async function usersOfServer(tx: Tx, org: string, server: string): Promise<ServerUser[]> {
  const register = await loadRegister(tx, org);
  const tools = toolsOfServer(server, register, await loadPins(tx, org));
  const authorizations = await currentAuthorizations(tx, org);
  const manifests = await versionManifests(tx, org, [...authorizations.values()].flatMap((all) => inForce(all) ?? []));
  const runs = await running(tx, org);
  return register.all("AISystem").flatMap((system): ServerUser[] => {
    const held = runs(system.name) ? inForce(authorizations.get(system.name) ?? []) : undefined;
    const approved = held && manifests.get(`${system.name} ${held.versionDigest}`);
    const { business, technical } = system.spec.owners;
    return tools.filter((tool) => approved?.grants.tools.includes(tool.name)).map((tool) => ({ system: system.name, tool: tool.name, offeredAs: tool.pin.tool, owners: [business, technical].flatMap((email) => email ?? []) }));
  });
}

/** Models, destinations and tools whose vendor or server is the subject, a server's vendor included. */
export function reachedThrough(subject: string, objects: Readonly<Record<string, unknown>>): string[] {
  const servers = Object.entries(objects).filter(([name, spec]) => name.startsWith("mcp-server:") && field(spec, "vendor") === subject).map(([name]) => name);
  return Object.entries(objects)
    .filter(([name, spec]) => /^(?:model|destination|tool):/.test(name) && (field(spec, "vendor") === subject || field(spec, "server") === subject || servers.includes(field(spec, "server") ?? "")))
    .map(([name]) => name)
    .toSorted();
}

function field(spec: unknown, name: string): string | undefined {
  const value = (spec as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}
