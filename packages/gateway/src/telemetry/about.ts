import type { Decision, ModelFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { Attributes } from "./span.ts";

/**
 * What a span says of a call beyond its record. INVARIANT: names of the register, codes and counts alone. A name that a
 * caller made up is left out, since it may be anything, and nothing of a prompt or an answer is ever here.
 */
export interface SpanAbout {
  readonly name: string;
  readonly kind: "client" | "internal";
  readonly attributes: Attributes;
}

/** Well-known values of `gen_ai.operation.name`, by surface. */
const operations: Readonly<Record<string, string>> = {
  "openai-chat": "chat",
  "openai-responses": "chat",
  "openai-embeddings": "embeddings",
  "anthropic-messages": "chat",
  "bedrock-converse": "chat",
  gemini: "generate_content",
  "anthropic-count-tokens": "count_tokens",
};

/** Well-known values of `gen_ai.provider.name`, by the name under which vendors stand in registers. */
const vendors: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  mistral: "mistral_ai",
  cohere: "cohere",
  deepseek: "deepseek",
  groq: "groq",
  perplexity: "perplexity",
  xai: "x_ai",
};

const protocols: Readonly<Record<ModelFacts["protocol"], string>> = {
  openai: "openai",
  anthropic: "anthropic",
  gemini: "gcp.gemini",
  "azure-openai": "azure.ai.openai",
  bedrock: "aws.bedrock",
};

/** An OpenAI-compatible endpoint is its vendor's where one is recorded; clouds and own protocols say it themselves. */
export function providerOf(model: Pick<ModelFacts, "protocol" | "vendor">): string {
  if (model.protocol !== "openai" || model.vendor === null) return protocols[model.protocol];
  const words = model.vendor.toLowerCase().split(/[^a-z0-9]+/);
  const known = words.find((word) => vendors[word] !== undefined);
  return known === undefined ? model.vendor : vendors[known]!;
}

export interface AboutModel {
  readonly surface: string;
  readonly resource: string;
  readonly decision: Decision | null;
  /** Ids that the answer named. */
  readonly served?: readonly string[];
  readonly status?: number | null;
  readonly streamed?: boolean;
}

/** What was asked, as `model:`, `tool:`, `destination:` and kin name it. */
export function aboutOfResource(compiled: Compiled, action: string, of: AboutModel): SpanAbout {
  const [type, name] = split(of.resource);
  if (action === "model.call") return aboutModel(compiled.models.get(name), of);
  if (action === "tool.call") return aboutTool(compiled.tools.has(name) ? name : null, of.decision);
  return { name: action, kind: "internal", attributes: { "mandate.action": action, "mandate.resource": registered(compiled, type, name) ? of.resource : null, ...rulesOf(of.decision) } };
}

function aboutModel(model: ModelFacts | undefined, of: AboutModel): SpanAbout {
  const operation = operations[of.surface.replace(/^gemini.*/, "gemini")] ?? "chat";
  const served = of.served?.at(0);
  return {
    name: model === undefined ? operation : `${operation} ${model.name}`,
    kind: "client",
    attributes: {
      "gen_ai.operation.name": operation,
      "mandate.action": "model.call",
      ...(model === undefined
        ? {}
        : { "gen_ai.provider.name": providerOf(model), "gen_ai.request.model": model.name, "mandate.model.upstream": model.upstream, ...serverOf(model.endpoint) }),
      "gen_ai.response.model": served !== undefined && /^[\w.:/@-]{1,200}$/.test(served) ? served : null,
      "http.response.status_code": of.status,
      "mandate.stream": of.streamed,
      ...rulesOf(of.decision),
    },
  };
}

/** A tool that an agent runs itself, decided beforehand. */
export function aboutTool(name: string | null, decision: Decision | null): SpanAbout {
  return {
    name: name === null ? "execute_tool" : `execute_tool ${name}`,
    kind: "internal",
    attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "mandate.action": "tool.call", ...rulesOf(decision) },
  };
}

export interface AboutMcp {
  readonly server: string;
  readonly method: string;
  readonly resource: string;
  readonly version: string | null;
  readonly decision: Decision;
}

/** Semantic conventions for MCP: the gateway is the client of the server it calls. */
export function aboutMcp(compiled: Compiled, of: AboutMcp): SpanAbout {
  const [type, name] = split(of.resource);
  const tool = type === "tool" && of.method === "tools/call" && compiled.tools.has(name) ? name : null;
  const method = /^[\w/.$-]{1,64}$/.test(of.method) ? of.method : "other";
  return {
    name: tool === null ? method : `${method} ${tool}`,
    kind: "client",
    attributes: {
      "mcp.method.name": method,
      "mcp.protocol.version": of.version,
      ...(tool === null ? {} : { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool }),
      "mandate.action": tool === null ? "mcp.connect" : "tool.call",
      "mandate.mcp.server": of.server,
      "network.transport": "tcp",
      ...rulesOf(of.decision),
    },
  };
}

function rulesOf(decision: Decision | null): Attributes {
  return decision === null || decision.matched.length === 0 ? {} : { "mandate.rules": decision.matched.slice(0, 32) };
}

function serverOf(endpoint: string): Attributes {
  if (!URL.canParse(endpoint)) return {};
  const { hostname, port, protocol } = new URL(endpoint);
  return { "server.address": hostname, "server.port": Number(port) || (protocol === "https:" ? 443 : 80) };
}

function registered(compiled: Compiled, type: string, name: string): boolean {
  if (type === "system") return compiled.systems.has(name);
  return type === "destination" && compiled.snapshot.facts.destinations.some((one) => one.name === name);
}

function split(resource: string): readonly [string, string] {
  const at = resource.indexOf(":");
  return [resource.slice(0, at), resource.slice(at + 1)];
}
