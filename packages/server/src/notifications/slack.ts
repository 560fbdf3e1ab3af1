import type { OutboundRule } from "@mandate/gateway";
import { outboundRequest } from "../outbound/index.ts";
import type { Message, Outcome, SlackConfig } from "./channel.ts";
import { retryAfter } from "./webhook.ts";

interface SlackReference {
  readonly channel: string;
  readonly ts: string;
}

/**
 * Slack's Web API: `chat.postMessage` for the first message of a thread, `chat.update` for what came of it. The message
 * carries a link and no button: a click in a chat must not approve anything by itself.
 */
export async function sendSlack(message: Message, config: SlackConfig, token: string, reference: unknown, outbound: OutboundRule): Promise<Outcome> {
  const known = isReference(reference) ? reference : undefined;
  const method = known === undefined ? "chat.postMessage" : "chat.update";
  const answer = await outboundRequest(new URL(`${config.apiUrl.replace(/\/$/, "")}/${method}`), {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", authorization: `Bearer ${token}` },
    body: JSON.stringify({ channel: known?.channel ?? config.channel, ...(known === undefined ? {} : { ts: known.ts }), unfurl_links: false, text: message.subject, blocks: blocksOf(message) }),
    outbound,
    signal: AbortSignal.timeout(15_000),
    maxAnswerBytes: 1024 * 1024,
  });
  if (answer.status === 429) return { state: "retry", detail: "rate limited", ...retryAfter(answer.headers["retry-after"]) };
  // Slack says 200 to everything and puts the truth in `ok`.
  const body = parsed(answer.body);
  if (answer.status !== 200 || body["ok"] !== true) return { state: "retry", detail: `${method}: ${String(body["error"] ?? answer.status)}`.slice(0, 200) };
  return { state: "delivered", detail: method, reference: { channel: body["channel"], ts: body["ts"] } };
}

function blocksOf({ subject, lines, url }: Message): unknown[] {
  const text = [`*${escaped(subject)}*`, ...lines.map(escaped), `<${url}|Open in Mandate>`].join("\n");
  return [{ type: "section", text: { type: "mrkdwn", text: text.slice(0, 3000) } }];
}

/** Slack's three control characters: without this a name could make a link, or call the whole channel. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function isReference(value: unknown): value is SlackReference {
  return typeof value === "object" && value !== null && typeof (value as SlackReference).channel === "string" && typeof (value as SlackReference).ts === "string";
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
