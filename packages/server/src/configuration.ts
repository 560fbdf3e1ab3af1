import { resolve } from "node:path";
import { AppError } from "@mandate/model";
import { isLoopbackName } from "@mandate/gateway";
import { readKeyConfiguration } from "./key-providers/index.ts";
import type { KeyConfiguration } from "./key-providers/index.ts";

export interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly gatewayPort: number;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly publicUrl: string | null;
  /** Bytes that the database may take; null: as many as there are. Says when room ends, refuses nothing. */
  readonly storeQuotaBytes: number | null;
  /** Where the key that wraps every other key comes from. */
  readonly keys: KeyConfiguration;
  readonly bootstrapToken: string | null;
  /** True when nobody but this machine can reach us. */
  readonly loopback: boolean;
  /** Base of every link: MANDATE_PUBLIC_URL, else localhost, because passkeys need a name. */
  readonly consoleUrl: string;
  readonly gatewayUrl: string;
  /** OpenTelemetry's own variables, read where spans are made. */
  readonly telemetry: Readonly<Record<string, string | undefined>>;
}

/** Reads the environment once (STYLE: nothing else does). @throws AppError `start.environment` (500) naming the variable */
export function readConfiguration(env: Readonly<Record<string, string | undefined>>): Configuration {
  const host = env["MANDATE_HOST"] || "127.0.0.1";
  const port = portOf(env, "MANDATE_PORT", 4600);
  const gatewayPort = portOf(env, "MANDATE_GATEWAY_PORT", port + 1);
  const publicUrl = env["MANDATE_PUBLIC_URL"] ? publicUrlOf(env["MANDATE_PUBLIC_URL"]) : null;
  const bootstrapToken = env["MANDATE_BOOTSTRAP_TOKEN"] || null;
  if (bootstrapToken !== null && (bootstrapToken.length < 32 || !/^[\x21-\x7e]+$/.test(bootstrapToken))) {
    throw wrong("MANDATE_BOOTSTRAP_TOKEN", "needs 32 printable characters or more, without spaces");
  }
  const databaseUrl = env["MANDATE_DATABASE_URL"] || null;
  // Its value can hold a password, so it is not repeated.
  if (databaseUrl !== null && !/^postgres(ql)?:\/\//.test(databaseUrl)) throw wrong("MANDATE_DATABASE_URL", "is not written as postgresql://user:password@host:5432/name");
  if (port === gatewayPort) throw wrong("MANDATE_GATEWAY_PORT", "must differ from MANDATE_PORT");
  const linkHost = isLoopbackName(host) || host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return {
    host,
    port,
    gatewayPort,
    dataDir: resolve(env["MANDATE_DATA_DIR"] || "./.mandate"),
    databaseUrl,
    publicUrl,
    storeQuotaBytes: env["MANDATE_STORE_QUOTA_GB"] ? quotaOf(env["MANDATE_STORE_QUOTA_GB"]) : null,
    keys: readKeyConfiguration(env, wrong),
    bootstrapToken,
    loopback: isLoopbackName(host),
    consoleUrl: publicUrl ?? `http://${linkHost}:${port}`,
    gatewayUrl: env["MANDATE_GATEWAY_URL"] ? publicUrlOf(env["MANDATE_GATEWAY_URL"], "MANDATE_GATEWAY_URL") : `http://${linkHost}:${gatewayPort}`,
    telemetry: Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("OTEL_"))),
  };
}

function portOf(env: Readonly<Record<string, string | undefined>>, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65_535) throw wrong(name, "is not a port number");
  return port;
}

function quotaOf(text: string): number {
  if (!/^[0-9]{1,9}(?:\.[0-9]{1,3})?$/.test(text) || Number(text) === 0) throw wrong("MANDATE_STORE_QUOTA_GB", "is not a number of gigabytes, such as 500");
  return Math.round(Number(text) * 1e9);
}

function publicUrlOf(text: string, name = "MANDATE_PUBLIC_URL"): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw wrong(name, "is not an http or https address");
  const url = new URL(text);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") throw wrong(name, "is an origin alone, such as https://mandate.example");
  return url.origin;
}

function wrong(name: string, what: string): AppError {
  return new AppError({ code: "start.environment", status: 500, message: `${name} ${what}. Set it right, or leave it out.` });
}
