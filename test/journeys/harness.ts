import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "packages/cli/src/main.ts");

/** 40 characters: any string of 32 or more may be a bootstrap token. */
export const bootstrapToken = "bootstrap-token-for-tests-0123456789abcd";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Replies are read by tests member by member; a schema here would hide what the server really sent.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Mandate {
  readonly url: string;
  readonly gateway: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** All that the process printed so far. */
  output(): string;
  api(method: string, path: string, body?: unknown, token?: string): Promise<Reply>;
  apply(yaml: string): Promise<Reply>;
  /** Raw call of the gateway. */
  call(path: string, key: string | null, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Token that acts as the person. */
  personToken(email: string): Promise<string>;
  credential(system: string, ttl?: string): Promise<{ id: string; key: string }>;
  kill(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts again on the same data directory and ports. */
  restart(): Promise<Mandate>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly mode?: "serve" | "up";
  readonly sample?: boolean;
  readonly env?: Record<string, string>;
  readonly dataDir?: string;
  readonly ports?: readonly [number, number];
}

async function reply(response: Response): Promise<Reply> {
  const text = await response.text();
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  return { status: response.status, headers: response.headers, text, body };
}

/** Starts the real program in a process of its own and waits until it can decide calls. */
export async function startMandate(options: StartOptions = {}): Promise<Mandate> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "mandate-"));
  const [port, gatewayPort] = options.ports ?? [await freePort(), await freePort()];
  const arguments_ = [cli, options.mode ?? "serve", ...(options.sample ? ["--sample"] : [])];
  const child = spawn(process.execPath, arguments_, {
    env: {
      ...process.env,
      MANDATE_PORT: String(port),
      MANDATE_GATEWAY_PORT: String(gatewayPort),
      MANDATE_DATA_DIR: dataDir,
      MANDATE_BOOTSTRAP_TOKEN: bootstrapToken,
      NO_COLOR: "1",
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));

  const url = `http://127.0.0.1:${port}`;
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  const ready = async (address: string) => {
    const deadline = Date.now() + 90_000;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`exited with ${child.exitCode} before it was ready:\n${output}`);
      const status = await fetch(`${address}/readyz`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return;
      if (Date.now() > deadline) throw new Error(`not ready (last status ${status}):\n${output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  await ready(url);
  await ready(gateway);

  const api: Mandate["api"] = async (method, path, body, token = bootstrapToken) => {
    const yaml = typeof body === "string";
    return reply(
      await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": yaml ? "application/yaml" : "application/json" }),
        },
        ...(body === undefined ? {} : { body: yaml ? body : JSON.stringify(body) }),
      }),
    );
  };
  const expectOk = (answer: Reply, what: string) => {
    if (answer.status >= 300) throw new Error(`${what}: ${answer.status} ${answer.text}`);
    return answer;
  };

  const handle: Mandate = {
    url,
    gateway,
    dataDir,
    process: child,
    output: () => output,
    api,
    apply: (yaml) => api("POST", "/apply", yaml),
    call: async (path, key, body, headers = {}) =>
      reply(
        await fetch(`${gateway}${path}`, {
          method: body === undefined ? "GET" : "POST",
          headers: { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      ),
    personToken: async (email) => {
      const notAfter = new Date(Date.now() + 3_600_000).toISOString();
      const answer = await api("POST", `/people/${encodeURIComponent(email)}/tokens`, { notAfter });
      return expectOk(answer, `token for ${email}`).body.token as string;
    },
    credential: async (system, ttl = "8h") =>
      expectOk(await api("POST", "/credentials", { system, name: `${system}-test-${Date.now()}`, ttl }), "credential").body,
    kill: (signal = "SIGKILL") => {
      child.kill(signal);
      return exited;
    },
    restart: () => startMandate({ ...options, dataDir, ports: [port, gatewayPort] }),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        const forced = setTimeout(() => child.kill("SIGKILL"), 15_000);
        await exited;
        clearTimeout(forced);
      }
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  return handle;
}

export interface Upstream {
  /** Base URL without version segment. */
  readonly url: string;
  /** Bytes of request bodies and heads seen, every request counted. */
  readonly requests: { method: string; path: string; headers: IncomingMessage["headers"]; body: Buffer }[];
  /** Replaces the answer for what follows. */
  answer: (body: Buffer, path: string) => UpstreamAnswer;
  close(): Promise<void>;
}

export interface UpstreamAnswer {
  readonly status?: number;
  readonly contentType?: string;
  readonly chunks: readonly (string | Buffer)[];
  /** Waits between chunks, milliseconds. */
  readonly delayMs?: number;
  /** Destroys the socket after the chunks instead of ending the answer. */
  readonly cut?: boolean;
}

/** A non-streamed chat completion in OpenAI's shape, served by `model`. */
export function chatCompletion(model: string, content: string): string {
  return JSON.stringify({
    id: "chatcmpl-test",
    object: "chat.completion",
    created: 1_760_000_000,
    model,
    choices: [{ index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" }],
    usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
  });
}

/** An upstream on a real socket that records what reached it. */
export async function startUpstream(): Promise<Upstream> {
  const requests: Upstream["requests"] = [];
  const upstream: { answer: Upstream["answer"] } = {
    answer: () => ({ chunks: [chatCompletion("gpt-test", "Hello from the test upstream.")] }),
  };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const path = request.url ?? "";
      requests.push({ method: request.method ?? "", path, headers: request.headers, body });
      const answer = upstream.answer(body, path);
      response.writeHead(answer.status ?? 200, { "content-type": answer.contentType ?? "application/json" });
      void (async () => {
        for (const chunk of answer.chunks) {
          response.write(chunk);
          if (answer.delayMs) await new Promise((done) => setTimeout(done, answer.delayMs));
        }
        if (answer.cut) response.destroy();
        else response.end();
      })();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  });
}

/** A small T0 organization: two systems that may use one model; `upstream` is where it runs. */
export function smallManifest(upstream: string, system = "notes", extra = ""): string {
  return `apiVersion: v1
kind: AISystem
metadata: { name: ${system} }
spec:
  title: Meeting notes
  purposes: [{ id: summarize, text: Summarizes internal meetings. }]
  owners: { business: bea@halden.example, technical: tom@halden.example }
  audience: internal
  autonomy: suggests
  intake: { prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true }
  boundary: { sensitivity: internal, classes: [], regions: [EEA], retention: { prompts: 30d, outputs: 30d }, training: never }
  uses: { models: [model:gpt-test] }
${extra}---
apiVersion: v1
kind: Model
metadata: { name: gpt-test }
spec: { protocol: openai, endpoint: "${upstream}/v1", served: [gpt-test, gpt-test-2026], region: EEA, training: never, retention: 0d, maxSensitivity: internal }
`;
}

export const chat = (content: string, more: Record<string, unknown> = {}) => ({
  model: "gpt-test",
  messages: [{ role: "user", content }],
  ...more,
});

/** Runs the CLI as a user would; never throws on a non-zero exit. */
export async function runCli(
  mandate: Pick<Mandate, "url"> | null,
  arguments_: readonly string[],
  input?: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cli, ...arguments_], {
    env: {
      ...process.env,
      NO_COLOR: "1",
      ...(mandate ? { MANDATE_URL: mandate.url, MANDATE_TOKEN: bootstrapToken } : {}),
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input ?? "");
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}
