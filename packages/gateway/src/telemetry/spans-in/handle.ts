import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { authenticate } from "../../auth/authenticate.ts";
import type { Compiled } from "../../compiled.ts";
import type { Exchange } from "../../http/exchange.ts";
import { readBytes } from "../../http/read-body.ts";
import { type Refusal, refuse } from "../../http/refusal.ts";
import { parseStrictObject, UnreadableJson } from "../../json/strict-json.ts";
import type { Runtime } from "../../pipeline/runtime.ts";
import { keptSpan } from "./kept.ts";
import { outsideOf } from "./outside.ts";
import { UnreadableProto } from "./proto-fields.ts";
import { protobufReply, readProtobufSpans } from "./protobuf.ts";
import { type ReadSpans, readSpans } from "./read-spans.ts";

/** As sent, and again as unpacked: no batch of an exporter comes near it. */
const maxBytes = 4 * 1024 * 1024;
const unpacked = promisify(gunzip);

/** A system that reports more different things than this is one thing to look at, and it is there by then. */
const maxKeysPerSystem = 100;
const maxDepth = 12;
/** Of a system in a minute; what is more is looked at and not kept. */
const maxKeptAMinute = 6_000;
/** The same thing is told again after this time, so that a finding that was closed too early opens again. */
const againMs = 3_600_000;
/** By system and key: when it was told last, epoch milliseconds. */
const reported = new WeakMap<Runtime, Map<string, Map<string, number>>>();

/**
 * `POST /otlp/v1/traces`: an application's own spans (OTLP/HTTP in JSON or Protocol Buffers), under its gateway key. They are its own word:
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
  const { headers } = exchange.req;
  const format = /^application\/(json|x-protobuf) *(?:;|$)/i.exec(headers["content-type"] ?? "")?.[1]?.toLowerCase();
  if (format === undefined) return exchange.refuse(otherFormat);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") return exchange.refuse(otherEncoding);
  const sent = await readBytes(exchange.req, { ...runtime.limits, maxBodyBytes: Math.min(maxBytes, runtime.limits.maxBodyBytes) }, exchange.held);
  if (sent === undefined) return;
  if (!Buffer.isBuffer(sent)) return exchange.refuse(sent);
  let read: ReadSpans;
  try {
    const body = encoding === "gzip" ? await unpacked(sent, { maxOutputLength: maxBytes }) : sent;
    read = format === "json" ? readSpans(parseStrictObject(body, maxDepth).value) : readProtobufSpans(body);
  } catch (error) {
    return exchange.refuse(unreadable(error));
  }
  const { spans, rejected } = read;
  keep(runtime, system.name, spans);
  const known = keysOf(runtime, system.name);
  for (const span of spans) {
    const found = outsideOf(span, system, compiled);
    if (found === null) continue;
    const toldMs = known.get(found.key);
    if (toldMs === undefined ? known.size >= maxKeysPerSystem : runtime.now() - toldMs < againMs) continue;
    known.set(found.key, runtime.now());
    runtime.options.control.report({ ...found, system: system.name, title: found.title.slice(0, 300), detail: "Its own telemetry says so: nobody else saw it, and Mandate could neither refuse nor record that call. If it is so, route it through the gateway and have it authorized; if not, mend what reports it." });
  }
  const why = "more spans than one request may hold";
  if (format === "json") return exchange.json(200, rejected === 0 ? {} : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: why } });
  exchange.bytes(200, protobufReply(rejected, why), { "content-type": "application/x-protobuf" });
}

/** @throws what is no fault of the sender's */
function unreadable(error: unknown): Refusal {
  const code = (error as { readonly code?: unknown }).code;
  if (code === "ERR_BUFFER_TOO_LARGE") return refuse("payload_too_large", `The body unpacks to more than ${maxBytes} bytes.`, "Send fewer spans at a time.");
  if (typeof code === "string" && code.startsWith("Z_")) return refuse("unreadable_body", "The body is no gzip.", "Send it as Content-Encoding says.", "content-encoding");
  if (error instanceof UnreadableJson || error instanceof UnreadableProto) return refuse("unreadable_body", error.message, "Send one OTLP export request.");
  throw error;
}

/** What its conversations' timelines can show of it. */
function keep(runtime: Runtime, system: string, spans: ReadSpans["spans"]): void {
  const { control } = runtime.options;
  if (control.spans === undefined) return;
  const minute = Math.floor(runtime.now() / 60_000);
  const counts = kept.get(runtime) ?? new Map<string, { minute: number; count: number }>();
  kept.set(runtime, counts);
  const before = counts.get(system);
  const count = before?.minute === minute ? before.count : 0;
  const some = spans.flatMap((span) => keptSpan(span) ?? []).slice(0, maxKeptAMinute - count);
  counts.set(system, { minute, count: count + some.length });
  if (some.length > 0) control.spans(system, some);
}

/** By system: how many were kept in which minute. */
const kept = new WeakMap<Runtime, Map<string, { minute: number; count: number }>>();

const otherFormat = refuse("unreadable_body", "Spans are read as OTLP over HTTP, in JSON or Protocol Buffers.", "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.", "content-type");
const otherEncoding = refuse("unreadable_body", "The body is compressed otherwise than by gzip.", "Set OTEL_EXPORTER_OTLP_COMPRESSION=gzip, or none.", "content-encoding");

function keysOf(runtime: Runtime, system: string): Map<string, number> {
  const systems = reported.get(runtime) ?? new Map<string, Map<string, number>>();
  reported.set(runtime, systems);
  const keys = systems.get(system) ?? new Map<string, number>();
  systems.set(system, keys);
  return keys;
}
