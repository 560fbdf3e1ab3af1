import { createHmac } from "node:crypto";
import type { OutboundRule } from "@mandate/gateway";
import { outboundRequest } from "../outbound/index.ts";
import type { Message, Outcome, WebhookConfig } from "./channel.ts";

export const webhookSecretPrefix = "whsec_";
const timeoutMs = 15_000;

/**
 * Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`.
 * @param secret `whsec_` and base64 of the key
 * @param timestamp epoch seconds
 */
export function signWebhook(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(webhookSecretPrefix.length), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

/** The body a receiver gets: `type` and `timestamp` as Standard Webhooks asks, the notice as `data`. */
export function webhookBody(message: Message): string {
  const { id, kind, thread, system, subject, lines, url, at } = message;
  return JSON.stringify({ type: kind, timestamp: at, data: { id, thread, system, subject, lines, url } });
}

/** @param secrets newest first; during a rotation the body is signed with both */
export async function sendWebhook(message: Message, config: WebhookConfig, secrets: readonly string[], nowMs: number, outbound: OutboundRule): Promise<Outcome> {
  const body = webhookBody(message);
  const timestamp = Math.floor(nowMs / 1000);
  const answer = await outboundRequest(new URL(config.url), {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "mandate-webhook/1",
      "webhook-id": message.id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": secrets.map((secret) => signWebhook(secret, message.id, timestamp, body)).join(" "),
    },
    outbound,
    signal: AbortSignal.timeout(timeoutMs),
    maxAnswerBytes: 64 * 1024,
  });
  const detail = `answered ${answer.status}`;
  if (answer.status >= 200 && answer.status < 300) return { state: "delivered", detail };
  if (answer.status === 410) return { state: "gone", detail };
  return { state: "retry", detail, ...retryAfter(answer.headers["retry-after"]) };
}

/** Seconds alone; a date would let the other side's clock decide ours. */
export function retryAfter(header: string | undefined): { afterMs?: number } {
  const seconds = Number(header);
  return header !== undefined && Number.isInteger(seconds) && seconds > 0 ? { afterMs: Math.min(seconds, 86_400) * 1000 } : {};
}
