import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { anthropicError, anthropicModels, countTokens, message } from "./anthropic.ts";
import { chatCompletion, openaiError } from "./openai-chat.ts";
import { embeddings, openaiModels } from "./openai-lists.ts";
import { response } from "./openai-responses.ts";
import { idTail, isRecord, type Reply, type Stamp, type StreamEvent } from "./wire.ts";
import type { Pacing } from "./script.ts";

export interface ScriptedProvider {
  /** `http://127.0.0.1:PORT`, without a version segment. */
  readonly url: string;
  readonly port: number;
  /** Requests that reached it: what "the upstream saw zero bytes" is measured with. */
  requestCount(): number;
  close(): Promise<void>;
}

export interface ScriptedProviderOptions {
  /** Default 0: the system picks one. A taken port is an error, as with any listener. */
  readonly port?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const maxBodyBytes = 8 * 1024 * 1024;

/**
 * An upstream that speaks the wire formats of OpenAI (chat completions, responses, embeddings, models) and Anthropic
 * (messages, count_tokens, models), streaming and not, and follows `script.ts` instead of a model.
 * It listens on loopback alone and labels itself in every answer: text, `system_fingerprint`, `x-mandate-scripted`.
 */
export async function startScriptedProvider(options: ScriptedProviderOptions = {}): Promise<ScriptedProvider> {
  const now = options.now ?? Date.now;
  const closing = new AbortController();
  let count = 0;
  const server = createServer((request, reply) => {
    count += 1;
    void answer(request, reply, stampOf(count, now()), closing.signal).catch(() => reply.destroy());
  });
  server.keepAliveTimeout = 30_000;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requestCount: () => count,
    close: async () => {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function stampOf(count: number, nowMs: number): Stamp {
  return { hex: createHash("sha256").update(`${count}:${nowMs}`).digest("hex"), created: Math.floor(nowMs / 1000) };
}

async function answer(
  request: IncomingMessage,
  reply: ServerResponse,
  stamp: Stamp,
  closing: AbortSignal,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://scripted");
  const anthropic = pathname.startsWith("/v1/messages") || request.headers["anthropic-version"] !== undefined;
  const fail = (status: 400 | 404 | 413, text: string) =>
    anthropic ? anthropicError(status, text, stamp) : openaiError(status, text);
  const body = request.method === "POST" ? await readBody(request) : Buffer.alloc(0);
  const result =
    body === null
      ? fail(413, "Request too large")
      : route(request.method ?? "", pathname, body, anthropic, stamp, fail);
  const requestId = `req_01${idTail(stamp, "request", 22)}`;
  const headers = {
    "x-mandate-scripted": "true",
    ...(anthropic
      ? { "request-id": requestId }
      : { "x-request-id": requestId, "openai-version": "2020-10-01", "openai-processing-ms": "12" }),
  };
  if (result.kind === "stream") return await stream(reply, headers, result.events, result.pacing, closing);
  reply.writeHead(result.status, { "content-type": "application/json", ...headers, ...result.headers });
  reply.end(JSON.stringify(result.body));
}

function route(
  method: string,
  path: string,
  bytes: Buffer,
  anthropic: boolean,
  stamp: Stamp,
  fail: (status: 400 | 404 | 413, text: string) => Reply,
): Reply {
  const models = /^\/v1\/models(?:\/([^/]{1,200}))?$/.exec(path);
  if (method === "GET" && models !== null) {
    const id = models[1] ?? null;
    return anthropic ? anthropicModels(id, stamp) : openaiModels(id);
  }
  const post = posts[path];
  if (method !== "POST" || post === undefined) return fail(404, `Invalid URL (${method} ${path})`);
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    return fail(400, "We could not parse the JSON body of your request.");
  }
  return isRecord(body) ? post(body, stamp) : fail(400, "The body must be a JSON object.");
}

const posts: Readonly<Record<string, (body: Record<string, unknown>, stamp: Stamp) => Reply>> = {
  "/v1/chat/completions": chatCompletion,
  "/v1/responses": response,
  "/v1/embeddings": embeddings,
  "/v1/messages": message,
  "/v1/messages/count_tokens": countTokens,
};

/** @returns null when the body is larger than this stand-in reads */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= maxBodyBytes) parts.push(part);
  }
  return size > maxBodyBytes ? null : Buffer.concat(parts);
}

async function stream(
  reply: ServerResponse,
  headers: Readonly<Record<string, string>>,
  events: readonly StreamEvent[],
  pacing: Pacing,
  closing: AbortSignal,
): Promise<void> {
  reply.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", ...headers });
  const gone = new AbortController();
  reply.once("close", () => gone.abort());
  const signal = AbortSignal.any([closing, gone.signal]);
  let sent = 0;
  for (const event of events) {
    if (event.piece) {
      if (sent === pacing.cutAfterPieces) {
        reply.destroy();
        return;
      }
      sent += 1;
      await delay(pacing.delayMs, undefined, { signal });
    }
    if (!reply.write(event.text)) await once(reply, "drain", { signal });
  }
  reply.end();
}
