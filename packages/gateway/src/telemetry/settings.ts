import type { Attributes } from "./span.ts";

/** Where spans go. Made of the OpenTelemetry environment alone: whoever sets it answers for where that is. */
export interface TelemetrySettings {
  readonly url: string;
  /** May hold secrets: never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly gzip: boolean;
  readonly maxQueue: number;
  readonly maxBatch: number;
  readonly delayMs: number;
  readonly resource: Attributes;
  /** Share of traces without a caller's word on it; a caller's own flag counts before it where `followsParent`. */
  readonly ratio: number;
  readonly followsParent: boolean;
}

export interface ReadTelemetry {
  /** Null: no spans are made. */
  readonly settings: TelemetrySettings | null;
  /** What was asked for and isn't done. These variables are often set for every program of a machine: none stops a start. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** OpenTelemetry Environment Variable Specification, and OTLP Exporter Configuration; an empty variable is an absent one. */
export function readTelemetry(env: Environment): ReadTelemetry {
  const warnings: string[] = [];
  const none: ReadTelemetry = { settings: null, warnings };
  const own = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  const general = env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (!own && !general) return none;
  if (/^true$/i.test(env["OTEL_SDK_DISABLED"] ?? "") || env["OTEL_TRACES_EXPORTER"] === "none") return none;
  const name = own ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  const url = addressOf(own ? own : `${general!.replace(/\/+$/, "")}/v1/traces`);
  if (url === null) {
    warnings.push(`${name} is not an http or https address; no spans are exported.`);
    return none;
  }
  const protocol = either(env, "PROTOCOL") ?? "http/json";
  if (protocol === "grpc") {
    warnings.push("OTEL_EXPORTER_OTLP_PROTOCOL is grpc, which isn't spoken here; no spans are exported. Set it to http/json and name the collector's HTTP port, usually 4318.");
    return none;
  }
  if (protocol !== "http/json") warnings.push(`OTEL_EXPORTER_OTLP_PROTOCOL is ${clean(protocol)}; spans go out as http/json, which collectors take at the same address.`);
  const compression = either(env, "COMPRESSION") ?? "none";
  if (compression !== "none" && compression !== "gzip") warnings.push("OTEL_EXPORTER_OTLP_COMPRESSION is neither gzip nor none; spans go out uncompressed.");
  const maxQueue = whole(env["OTEL_BSP_MAX_QUEUE_SIZE"], 2_048, 1, 65_536);
  return {
    settings: {
      url,
      headers: { ...pairs(env["OTEL_EXPORTER_OTLP_HEADERS"], warnings, "OTEL_EXPORTER_OTLP_HEADERS"), ...pairs(env["OTEL_EXPORTER_OTLP_TRACES_HEADERS"], warnings, "OTEL_EXPORTER_OTLP_TRACES_HEADERS") },
      timeoutMs: whole(either(env, "TIMEOUT"), 10_000, 1, 60_000),
      gzip: compression === "gzip",
      maxQueue,
      maxBatch: Math.min(maxQueue, whole(env["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], 512, 1, 4_096)),
      delayMs: whole(env["OTEL_BSP_SCHEDULE_DELAY"], 5_000, 1, 60_000),
      resource: { ...resourceOf(env["OTEL_RESOURCE_ATTRIBUTES"], warnings), ...(env["OTEL_SERVICE_NAME"] ? { "service.name": env["OTEL_SERVICE_NAME"] } : {}) },
      ...samplerOf(env, warnings),
    },
    warnings,
  };
}

function either(env: Environment, name: string): string | undefined {
  return env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`] || undefined;
}

function addressOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
}

/** `key=value,key=value`, percent-encoded values (W3C Baggage without properties). Values are never repeated in a warning. */
function pairs(text: string | undefined, warnings: string[], name: string): Record<string, string> {
  const read: Record<string, string> = {};
  for (const part of (text ?? "").split(",")) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const key = part.slice(0, Math.max(0, at)).trim().toLowerCase();
    const value = decoded(part.slice(at + 1).trim());
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(key) && value !== null && /^[\x20-\x7e]*$/.test(value)) read[key] = value;
    else warnings.push(`${name} holds something that is not name=value; it is left out.`);
  }
  return read;
}

function resourceOf(text: string | undefined, warnings: string[]): Record<string, string> {
  const read: Record<string, string> = {};
  for (const part of (text ?? "").split(",").slice(0, 64)) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const value = decoded(part.slice(at + 1).trim());
    if (at > 0 && value !== null) read[part.slice(0, at).trim()] = value;
    else warnings.push("OTEL_RESOURCE_ATTRIBUTES holds something that is not name=value; it is left out.");
  }
  return read;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function whole(text: string | undefined, fallback: number, least: number, most: number): number {
  const value = Number(text);
  return text === undefined || text === "" || !Number.isInteger(value) || value < least ? fallback : Math.min(value, most);
}

function samplerOf(env: Environment, warnings: string[]): Pick<TelemetrySettings, "ratio" | "followsParent"> {
  const name = env["OTEL_TRACES_SAMPLER"] || "parentbased_always_on";
  const followsParent = name.startsWith("parentbased_");
  const base = name.replace(/^parentbased_/, "");
  if (base === "always_on") return { ratio: 1, followsParent };
  if (base === "always_off") return { ratio: 0, followsParent };
  const ratio = Number(env["OTEL_TRACES_SAMPLER_ARG"] || "1");
  if (base === "traceidratio" && ratio >= 0 && ratio <= 1) return { ratio, followsParent };
  warnings.push("OTEL_TRACES_SAMPLER or its argument is not one that is known here; every trace is sampled unless its caller says no.");
  return { ratio: 1, followsParent: true };
}

const clean = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 40);
