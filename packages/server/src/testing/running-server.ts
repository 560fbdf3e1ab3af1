import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@mandate/model";
import { readConfiguration } from "../configuration.ts";
import { openDatabase } from "../database/index.ts";
import type { Database } from "../database/index.ts";
import { jsonLog } from "../log.ts";
import { openServer } from "../server.ts";
import type { RunningServer } from "../server.ts";

export const bootstrapToken = "bootstrap-token-for-tests-0123456789abcd";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Tests read replies member by member; a schema here would hide what the server really sent.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface TestServer {
  readonly server: RunningServer;
  readonly url: string;
  readonly gatewayUrl: string;
  /** The data directory, database included. */
  readonly directory: string;
  readonly db: Database;
  /** Everything logged so far. */
  logged(): string;
  /** Moves the server's clock on. */
  advance(milliseconds: number): void;
  now(): number;
  request(method: string, path: string, options?: { token?: string | null; body?: unknown; headers?: Record<string, string> }): Promise<Reply>;
  close(): Promise<void>;
}

/** The real server on a real database and real sockets, with a clock that tests move. */
export async function startTestServer(env: Record<string, string> = {}, { masterKey }: { masterKey?: Uint8Array } = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "mandate-server-"));
  const configuration = readConfiguration({ MANDATE_DATA_DIR: directory, MANDATE_BOOTSTRAP_TOKEN: bootstrapToken, ...env });
  let offset = 0;
  let logged = "";
  const now = (): number => Date.now() + offset;
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  const db = await openDatabase({ dataDir: directory });
  const organization = await db.ensureOrganization({ id: newId("organization", now(), random), name: "test", now: new Date(now()) });
  const server = await openServer({
    configuration,
    db,
    organization,
    masterKey: masterKey ?? random(new Uint8Array(32)),
    now,
    random,
    log: jsonLog((line) => (logged += line), now),
    sample: false,
    internalToken: "internal-token-of-the-test-server-000000",
  });
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  await new Promise<void>((done) => server.gatewayServer.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
  const gatewayUrl = `http://127.0.0.1:${(server.gatewayServer.address() as AddressInfo).port}`;
  return {
    server,
    url,
    gatewayUrl,
    directory,
    db,
    logged: () => logged,
    advance: (milliseconds) => void (offset += milliseconds),
    now,
    async request(method, path, { token = bootstrapToken, body, headers = {} } = {}) {
      const yaml = typeof body === "string";
      const response = await fetch(`${url}${path}`, {
        method,
        redirect: "manual",
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": yaml ? "application/yaml" : "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: yaml ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      let parsed: unknown = null;
      try {
        parsed = JSON.parse(text);
      } catch {
        parsed = null;
      }
      return { status: response.status, headers: response.headers, text, body: parsed };
    },
    async close() {
      await server.close();
      await db.close();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
