import type { IncomingMessage, ServerResponse } from "node:http";
import { authzenConfiguration, handleAuthzen } from "./authzen/handle.ts";
import { authenticate } from "./auth/authenticate.ts";
import type { Compiled } from "./compiled.ts";
import type { Exchange } from "./http/exchange.ts";
import { type Refusal, refuse } from "./http/refusal.ts";
import { handleMcp } from "./mcp/handle.ts";
import { metadataPrefix, protectedResource } from "./mcp/protected-resource.ts";
import type { GatewayReadiness } from "./options.ts";
import { handleModelCall } from "./pipeline/model-call.ts";
import { callerOf, traced } from "./pipeline/record.ts";
import { evidenceRefusal, type Known, operatingRefusal, refuseKnown } from "./pipeline/refuse-known.ts";
import type { Runtime } from "./pipeline/runtime.ts";
import { handleSpans } from "./telemetry/spans-in/handle.ts";
import { anthropicCountTokens } from "./surfaces/anthropic-count-tokens/index.ts";
import { anthropicMessages } from "./surfaces/anthropic-messages/index.ts";
import { openaiChat } from "./surfaces/openai-chat/index.ts";
import { openaiEmbeddings } from "./surfaces/openai-embeddings/index.ts";
import { type ListShape, listModels } from "./surfaces/openai-models/index.ts";
import { openaiResponses } from "./surfaces/openai-responses/index.ts";
import { converseSurface } from "./surfaces/bedrock-converse/index.ts";
import { geminiSurface } from "./surfaces/gemini/index.ts";
import type { ErrorShape, Surface } from "./surfaces/surface.ts";
import { geminiPath, unsupportedPath } from "./unsupported-paths.ts";

export interface Routing {
  readonly runtime: Runtime;
  readonly serve: (
    req: IncomingMessage,
    res: ServerResponse,
    work: (exchange: Exchange, held: Compiled) => Promise<void>,
  ) => void;
  /** For replies that need no register. */
  readonly exchange: (req: IncomingMessage, res: ServerResponse) => Exchange;
  readonly countUnknown: (refusal: Refusal) => void;
  readonly ready: () => GatewayReadiness;
}

const surfaces = new Map<string, Surface>(
  [openaiChat, openaiResponses, openaiEmbeddings, anthropicMessages, anthropicCountTokens].map((surface) => [
    surface.path,
    surface,
  ]),
);

const authzenPaths = new Set(["/access/v1/evaluation", "/access/v1/evaluations"]);

/**
 * The gateway's listener. Paths are compared as they came, undecoded: `/v1/./messages` or `%2f` tricks name no route,
 * so there is no second reading of a path that a check could miss.
 */
export function route(req: IncomingMessage, res: ServerResponse, routing: Routing): void {
  const target = req.url ?? "/";
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  if (req.method === "GET" && path === "/healthz") return routing.exchange(req, res).json(200, { status: "alive" });
  if (req.method === "GET" && path === "/readyz") {
    const state = routing.ready();
    return routing.exchange(req, res).json(state.ready ? 200 : 503, state);
  }
  routing.serve(req, res, (exchange, compiled) => {
    exchange.errorShape = shapeOf(path, req);
    if (req.method === "GET" && path === "/.well-known/authzen-configuration") {
      exchange.json(200, authzenConfiguration(compiled.snapshot.gatewayUrl));
      return Promise.resolve();
    }
    const server = mcpServerOf(path);
    if (server !== undefined) {
      if (path.startsWith(metadataPrefix)) return metadata(exchange, compiled, routing, path, server);
      return handleMcp(routing.runtime, exchange, compiled, server, routing.countUnknown);
    }
    if (path === "/v1/models" || path === "/v1beta/models")
      return exchange.req.method === "GET"
        ? models(exchange, compiled, routing)
        : wrongMethod(exchange, compiled, routing, path, "GET");
    const surface = surfaces.get(path) ??
      geminiSurface(path, query < 0 ? "" : target.slice(query + 1)) ??
      converseSurface(path);
    if (surface !== undefined)
      return req.method === "POST"
        ? handleModelCall(routing.runtime, surface, exchange, compiled, routing.countUnknown)
        : wrongMethod(exchange, compiled, routing, path, "POST");
    if (path === "/otlp/v1/traces")
      return req.method === "POST"
        ? handleSpans(routing.runtime, exchange, compiled, routing.countUnknown)
        : wrongMethod(exchange, compiled, routing, path, "POST");
    if (authzenPaths.has(path)) return handleAuthzen(routing.runtime, exchange, compiled, null, routing.countUnknown);
    const unsupported = unsupportedPath(path);
    if (unsupported !== null) return refuseRoute(exchange, compiled, routing, unsupported);
    return refuseRoute(
      exchange,
      compiled,
      routing,
      refuse(
        "unknown_route",
        "There is nothing at this path.",
        "Use /v1/chat/completions, /v1/responses, /v1/embeddings, /v1/models, /v1/messages, /v1/messages/count_tokens or /v1beta/models/MODEL:generateContent.",
      ),
    );
  });
}

/** `/mcp/{server}`, or the metadata of one. Names stand as they are in the register: nothing is decoded. */
function mcpServerOf(path: string): string | undefined {
  return /^(?:\/\.well-known\/oauth-protected-resource)?\/mcp\/([A-Za-z0-9][\w.-]{0,127})$/.exec(path)?.[1];
}

function metadata(exchange: Exchange, compiled: Compiled, routing: Routing, path: string, server: string): Promise<void> {
  if (exchange.req.method !== "GET") return wrongMethod(exchange, compiled, routing, path, "GET");
  exchange.json(200, protectedResource(compiled, server));
  return Promise.resolve();
}

function listShapeOf(req: IncomingMessage): ListShape {
  if (req.headers["anthropic-version"] !== undefined) return "anthropic";
  return req.url?.startsWith("/v1beta/") === true || req.headers["x-goog-api-key"] !== undefined ? "gemini" : "openai";
}

function shapeOf(path: string, req: IncomingMessage): ErrorShape {
  if (geminiPath.test(path)) return "gemini";
  if (path.startsWith("/model/")) return "bedrock";
  return path.startsWith("/v1/messages") || (req.headers["anthropic-version"] !== undefined && !surfaces.has(path))
    ? "anthropic"
    : "openai";
}

function wrongMethod(
  exchange: Exchange,
  compiled: Compiled,
  routing: Routing,
  path: string,
  allowed: string,
): Promise<void> {
  exchange.res.setHeader("allow", allowed);
  return refuseRoute(
    exchange,
    compiled,
    routing,
    refuse("method_not_allowed", `This path takes ${allowed}.`, `Send ${allowed} ${path}.`),
  );
}

/** A caller with a key leaves a record even where there is nothing to call. */
async function refuseRoute(exchange: Exchange, compiled: Compiled, routing: Routing, refusal: Refusal): Promise<void> {
  const known = identify(exchange, compiled, routing, "route");
  if (known === undefined) return;
  await refuseKnown(routing.runtime, known, refusal);
}

function identify(
  exchange: Exchange,
  compiled: Compiled,
  routing: Routing,
  resource: string,
): (Known & { refusal: Refusal | null }) | undefined {
  const caller = authenticate(compiled, exchange.req, Math.floor(routing.runtime.now() / 1000), routing.runtime.proofs);
  if (!caller.known) {
    routing.countUnknown(caller.refusal);
    exchange.refuse(caller.refusal);
    return undefined;
  }
  return {
    exchange,
    compiled,
    system: caller.system,
    credential: caller.credential,
    surface: "http",
    action: "model.call",
    resource,
    refusal: caller.refusal,
  };
}

async function models(exchange: Exchange, compiled: Compiled, routing: Routing): Promise<void> {
  const known = identify(exchange, compiled, routing, "model:*");
  if (known === undefined) return;
  if (known.refusal !== null || known.system === null)
    return refuseKnown(
      routing.runtime,
      known,
      known.refusal ?? refuse("not_registered", "The key belongs to no registered system.", "Register the system."),
    );
  const { system, credential } = known;
  const stopped = operatingRefusal(system);
  if (stopped !== null) return refuseKnown(routing.runtime, known, stopped);
  try {
    await routing.runtime.options.evidence.decision({
      type: "decision",
      decisionId: exchange.decisionId,
      system: system.name,
      policyVersion: compiled.policy.policyVersion,
      registerVersion: compiled.version,
      outcome: "allow",
      approvals: [],
      retention: system.tier,
      terminal: "done",
      payload: {
        caller: callerOf(credential),
        requestId: exchange.requestId,
        surface: "openai-models",
      },
      messages: [],
      sessionId: null,
      context: null,
      ...traced(exchange, () => ({ name: "models.list", kind: "internal", attributes: {} })),
      summary: {
        action: "models.list",
        resource: "model:*",
        outcome: "allow",
        code: null,
        reason: "A system may see which models it was granted.",
        rule: null,
        surface: "openai-models",
        credential: credential.id,
        approval: null,
        durationMs: 0,
        tokens: null,
      },
    });
  } catch {
    return exchange.refuse(evidenceRefusal);
  }
  exchange.json(200, listModels(compiled, system.name, listShapeOf(exchange.req)));
}
