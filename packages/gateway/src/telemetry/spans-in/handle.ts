import { authenticate } from "../../auth/authenticate.ts";
import type { Compiled } from "../../compiled.ts";
import type { Exchange } from "../../http/exchange.ts";
import { readBody } from "../../http/read-body.ts";
import { type Refusal, refuse } from "../../http/refusal.ts";
import { parseStrictObject, UnreadableJson } from "../../json/strict-json.ts";
import type { Runtime } from "../../pipeline/runtime.ts";
import { outsideOf } from "./outside.ts";
import { readSpans } from "./read-spans.ts";

/** A system that reports more different things than this is one thing to look at, and it is there by then. */
const maxKeysPerSystem = 100;
const maxDepth = 12;
/** The same thing is told again after this time, so that a finding that was closed too early opens again. */
const againMs = 3_600_000;
/** By system and key: when it was told last, epoch milliseconds. */
const reported = new WeakMap<Runtime, Map<string, Map<string, number>>>();

/**
 * `POST /otlp/v1/traces`: an application's own spans (OTLP/HTTP in JSON), under its gateway key. They are its own word:
 * they grant nothing, prove nothing and stand in no evidence; what they say beyond the authorization becomes a finding.
 */
export async function handleSpans(runtime: Runtime, exchange: Exchange, compiled: Compiled, countUnknown: (refusal: Refusal) => void): Promise<void> {
  const caller = authenticate(compiled, exchange.req, Math.floor(runtime.now() / 1000), runtime.proofs);
  if (!caller.known) {
    countUnknown(caller.refusal);
    return exchange.refuse(caller.refusal);
  }
  const { system } = caller;
  if (caller.refusal !== null || system === null)
    return exchange.refuse(caller.refusal ?? refuse("not_registered", "The key belongs to no registered system.", "Register the system."));
  if (!/^application\/json(?:;|$)/i.test(exchange.req.headers["content-type"] ?? "")) return exchange.refuse(notJson);
  const body = await readBody(exchange.req, runtime.limits);
  if (body === undefined) return;
  if (!Buffer.isBuffer(body)) return exchange.refuse(body);
  let request: unknown;
  try {
    request = parseStrictObject(body, maxDepth).value;
  } catch (error) {
    if (!(error instanceof UnreadableJson)) throw error;
    return exchange.refuse(refuse("unreadable_body", error.message, "Send one OTLP export request in JSON."));
  }
  const { spans, rejected } = readSpans(request);
  const known = keysOf(runtime, system.name);
  for (const span of spans) {
    const found = outsideOf(span, system, compiled);
    if (found === null) continue;
    const toldMs = known.get(found.key);
    if (toldMs === undefined ? known.size >= maxKeysPerSystem : runtime.now() - toldMs < againMs) continue;
    known.set(found.key, runtime.now());
    runtime.options.control.report({ ...found, system: system.name, title: found.title.slice(0, 300), detail: "Its own telemetry says so: nobody else saw it, and Mandate could neither refuse nor record that call. If it is so, route it through the gateway and have it authorized; if not, mend what reports it." });
  }
  exchange.json(200, rejected === 0 ? {} : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: "more spans than one request may hold" } });
}

const notJson = refuse("unreadable_body", "Spans are read as OTLP in JSON.", "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/json.", "content-type");

function keysOf(runtime: Runtime, system: string): Map<string, number> {
  const systems = reported.get(runtime) ?? new Map<string, Map<string, number>>();
  reported.set(runtime, systems);
  const keys = systems.get(system) ?? new Map<string, number>();
  systems.set(system, keys);
  return keys;
}
