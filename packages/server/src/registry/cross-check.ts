import { definitionOf, isHostedTool, isMcpMethodTool, kindOfReference, serverOfWildcard } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import type { ManifestObject, ManifestProblem } from "@mandate/model/manifest";
import { fieldText, nearest } from "@mandate/model/manifest";
import { toolNames } from "./tool-names.ts";
import type { Register, StoredObject } from "./store.ts";

/** The gateway's endpoint of every server: a server of this name could not be told from it. */
const allServers = "all";

type Tell = (object: ManifestObject, path: readonly PropertyKey[], message: string, remedy: string) => void;

/** What no single document shows: references that lead nowhere, tools that answer to one name. */
export function crossCheck(objects: readonly ManifestObject[], register: Register, file: string): ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const tell: Tell = (object, path, message, remedy) => problems.push({ file, ...object.placeOf(path), field: fieldText(path), message, remedy });
  for (const object of objects) {
    checkReferences(object, register, tell);
    if (object.kind === "McpServer" && object.name === allServers) tell(object, ["metadata", "name"], `\`${allServers}\` is the address of all servers together, \`/mcp/${allServers}\`.`, "Give the server another name.");
  }
  checkToolNames(objects, register, tell);
  return problems;
}

function checkReferences(object: ManifestObject, register: Register, tell: Tell): void {
  for (const reference of definitionOf(object.kind).refs(object.spec)) {
    const server = reference.kind === "tool" ? serverOfWildcard(reference.name) : undefined;
    const kind: EntityKind | undefined = server === undefined ? kindOfReference(reference.kind) : "McpServer";
    const name = server ?? reference.name;
    // A secret is sealed elsewhere; a provider's own tool may go without a label.
    if (kind === undefined || (kind === "Tool" && isHostedTool(name)) || register.get(kind, name)) continue;
    const meant = nearest(name, register.all(kind).map((one) => one.name));
    tell(object, ["spec", ...reference.path], `\`${reference.text}\` is neither in this manifest nor in the register.`, meant ? `Did you mean \`${meant}\`?` : `Add a document of kind ${kind} named \`${name}\`.`);
  }
}

/** Two tools of one server under one name, or two without a server: a call could not say which is meant. */
function checkToolNames(objects: readonly ManifestObject[], register: Register, tell: Tell): void {
  const written = new Map(objects.filter((object) => object.kind === "Tool").map((object) => [object.name, object]));
  const owners = new Map<string, StoredObject<"Tool">>();
  for (const tool of register.all("Tool")) {
    for (const name of toolNames(tool)) {
      // Every server has the same methods, and no model calls one.
      const key = isMcpMethodTool(name) ? `${tool.spec.server ?? ""} ${name}` : name;
      const other = owners.get(key);
      if (!other) owners.set(key, tool);
      else {
        const object = written.get(tool.name) ?? written.get(other.name);
        const rival = object?.name === tool.name ? other.name : tool.name;
        if (object) tell(object, ["spec", "names"], `Tool \`${rival}\` answers to \`${name}\` as well.`, "Give one of the two other `names`.");
      }
    }
  }
}
