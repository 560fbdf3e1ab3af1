import { isHostedTool, isMcpMethodTool, mcpMethodName, mcpMethodTools } from "@mandate/model";
import type { McpMethodTool, McpServerFacts, ModelFacts, Protocol, RegisterFacts, ToolFacts } from "@mandate/model";
import { toolNames } from "../registry/index.ts";
import type { RegisterView, StoredObject, ToolPin } from "../registry/index.ts";
import { modelVisibility } from "../visibility/index.ts";
import { nameOf, toolsOfServer } from "./version.ts";

/** Everything but systems and policies. */
export function objectFacts(register: RegisterView, pins: readonly ToolPin[]): Omit<RegisterFacts, "systems" | "policies"> {
  return {
    models: register.all("Model").map((model) => modelFacts(model, register)),
    tools: toolFacts(register, pins),
    mcpServers: register.all("McpServer").map(mcpServerFacts),
    datasets: register.all("Dataset").map(({ name, spec }) => ({ name, sensitivity: spec.sensitivity, classes: spec.classes, region: spec.region ?? null, purposes: spec.purposes ?? [] })),
    destinations: register.all("Destination").map(({ name, spec }) => ({ name, kind: spec.kind, vendor: bare(spec.vendor), region: spec.region ?? null, classes: spec.classes, maxSensitivity: spec.maxSensitivity, purposes: spec.purposes })),
    vendors: register.all("Vendor").map(({ name, spec }) => ({ name, visibility: spec.visibility, contractEnds: spec.contract?.expires === undefined ? null : endOfDay(spec.contract.expires) })),
    groups: register.all("Group").map(({ name, spec }) => ({ name, members: spec.members })),
    externals: register.all("Entity").map(({ name, spec }) => ({ name, type: spec.type, properties: spec.properties })),
  };
}

function mcpServerFacts({ name, spec }: StoredObject<"McpServer">): McpServerFacts {
  const process = spec.command === undefined ? null : { command: spec.command, args: spec.args ?? [], env: spec.env ?? {} };
  return { name, url: spec.url ?? null, vendor: bare(spec.vendor), region: spec.region ?? null, credential: bare(spec.credential), process };
}

function modelFacts({ name, spec }: StoredObject<"Model">, register: RegisterView): ModelFacts {
  const upstream = spec.upstream ?? name;
  const vendor = bare(spec.vendor);
  return {
    name,
    vendor,
    protocol: spec.protocol,
    endpoint: versionedEndpoint(spec.endpoint, spec.protocol),
    upstream,
    served: spec.served ?? [upstream],
    credential: bare(spec.credential),
    region: spec.region ?? null,
    training: spec.training,
    maxSensitivity: spec.maxSensitivity,
    visibility: modelVisibility(spec, register),
    fallback: spec.role === "fallback",
    ...(spec.price === undefined ? {} : { prices: spec.price.map(({ from, input, output }) => ({ from: Date.parse(from) / 1000, input: Number(input), output: Number(output) })).toSorted((a, b) => a.from - b.from) }),
    ...(spec.apiVersion === undefined ? {} : { apiVersion: spec.apiVersion }),
    ...(spec.fallback === undefined ? {} : { fallbacks: spec.fallback.map(nameOf) }),
  };
}

const versionSegment: Readonly<Partial<Record<Protocol, string>>> = { openai: "/v1", anthropic: "/v1", gemini: "/v1beta" };

/** With exactly one version segment, whether the manifest wrote it or not. */
export function versionedEndpoint(endpoint: string, protocol: Protocol): string {
  const base = endpoint.replace(/\/+$/, "");
  const segment = versionSegment[protocol];
  return segment === undefined || /\/v[0-9]+(?:beta[0-9]*|alpha[0-9]*)?$/.test(base) ? base : `${base}${segment}`;
}

function toolFacts(register: RegisterView, pins: readonly ToolPin[]): ToolFacts[] {
  const declared = register.all("Tool").map((tool) => declaredTool(tool, register, pins));
  const labelled = new Set(declared.map((tool) => tool.name));
  const unlabelled = register.all("McpServer").flatMap((server) =>
    toolsOfServer(server.name, register, pins).filter((tool) => !tool.object).map((tool) => unlabelledTool(tool.name, [tool.pin.tool], server.name, tool.pin, server.spec.region ?? null)),
  );
  const hosted = new Set(register.all("AISystem").flatMap((system) => system.spec.uses.tools.map(nameOf)).filter((name) => isHostedTool(name) && !labelled.has(name)));
  return [...declared, ...unlabelled, ...methodTools(register, pins), ...[...hosted].map((name) => unlabelledTool(name, toolNames({ name, spec: {} }), null, undefined, null))];
}

function declaredTool(tool: StoredObject<"Tool">, register: RegisterView, pins: readonly ToolPin[]): ToolFacts {
  const { name, spec } = tool;
  const server = bare(spec.server);
  const names = toolNames(tool);
  const pin = server === null ? undefined : pins.find((one) => one.server === server && names.includes(one.tool));
  // INVARIANT (G11): a definition nobody reviewed is refused, whether or not a document asks for the pin: a server that is
  // away while its manifest is applied must not get its tools run unread. A method is no tool of the server's list.
  const mustBePinned = server !== null && !names.some(isMcpMethodTool);
  return {
    name,
    names,
    server,
    effect: spec.effect,
    reversible: spec.reversible === true,
    critical: spec.critical ?? [],
    recipients: spec.recipients ?? null,
    recipientsFrom: spec.recipientsFrom ?? [],
    output: spec.output,
    ...(spec.extracts === undefined ? {} : { extracts: spec.extracts }),
    input: spec.input ?? null,
    pinned: pin?.pinnedHash ?? null,
    changed: pin ? drifted(pin) : mustBePinned,
    ...(pin?.refused === true ? { refused: true } : {}),
    definition: pin?.definition ?? null,
    hosted: isHostedTool(name),
    region: spec.region ?? null,
    returns: bare(spec.returns),
  };
}

/** Nobody said what it does: untrusted output and the worst effect. */
function unlabelledTool(name: string, names: readonly string[], server: string | null, pin: ToolPin | undefined, region: string | null): ToolFacts {
  return {
    name, names, server, region, effect: "executes", reversible: false, critical: [], recipients: null, recipientsFrom: [], output: "untrusted", input: null,
    pinned: pin?.pinnedHash ?? null, changed: pin ? drifted(pin) : false, ...(pin?.refused === true ? { refused: true } : {}), definition: pin?.definition ?? null, hosted: isHostedTool(name), returns: null,
  };
}

/** What a server offers beside its tools, where no Tool of the register labels it. */
function methodTools(register: RegisterView, pins: readonly ToolPin[]): ToolFacts[] {
  return register.all("McpServer").filter(({ name }) => isReviewed(name, pins)).flatMap(({ name, spec }) =>
    (Object.keys(mcpMethodTools) as McpMethodTool[]).filter((method) => labelledMethod(name, method, register) === undefined).map((method): ToolFacts => ({
      ...unlabelledTool(mcpMethodName(name, method), [], name, undefined, spec.region ?? null), effect: mcpMethodTools[method], reversible: true,
    })),
  );
}

/** Nobody has looked at a server without pins: a wildcard grants nothing of it. */
export function isReviewed(server: string, pins: readonly ToolPin[]): boolean {
  return pins.some((pin) => pin.server === server);
}

function labelledMethod(server: string, method: McpMethodTool, register: RegisterView): string | undefined {
  return register.all("Tool").find((tool) => tool.spec.server === `mcp-server:${server}` && toolNames(tool).includes(method))?.name;
}

/** Register names of what `SERVER/*` grants beside the server's tools. */
export function methodsOfServer(server: string, register: RegisterView, pins: readonly ToolPin[]): string[] {
  if (register.get("McpServer", server) === undefined || !isReviewed(server, pins)) return [];
  return (Object.keys(mcpMethodTools) as McpMethodTool[]).map((method) => labelledMethod(server, method, register) ?? mcpMethodName(server, method));
}

function drifted(pin: ToolPin): boolean {
  return pin.seenHash !== null && pin.seenHash !== pin.pinnedHash;
}

function bare(reference: string | undefined): string | null {
  return reference === undefined ? null : nameOf(reference);
}

/** A contract holds through its last day. */
function endOfDay(day: string): number {
  return Math.floor(Date.parse(`${day}T00:00:00Z`) / 1000) + 86_400;
}
