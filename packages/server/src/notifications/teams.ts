import type { OutboundRule } from "@mandate/gateway";
import { outboundRequest } from "../outbound/index.ts";
import type { Message, Outcome, TeamsConfig } from "./channel.ts";
import { retryAfter } from "./webhook.ts";

const timeoutMs = 15_000;

/**
 * Microsoft Teams through the Bot Connector, because an incoming webhook can't change what it posted: an activity is
 * created for the first message of a thread (`POST …/activities`) and replaced by what came of it (`PUT …/activities/ID`).
 */
export async function sendTeams(message: Message, config: TeamsConfig, appPassword: string, reference: unknown, outbound: OutboundRule): Promise<Outcome> {
  const token = await connectorToken(config, appPassword, outbound);
  if (token === undefined) return { state: "retry", detail: "no token: check tokenUrl, appId and secret" };
  const known = typeof reference === "object" && reference !== null && "activity" in reference ? String(reference.activity) : undefined;
  const activities = `${config.serviceUrl.replace(/\/$/, "")}/v3/conversations/${encodeURIComponent(config.conversation)}/activities`;
  const answer = await outboundRequest(new URL(known === undefined ? activities : `${activities}/${encodeURIComponent(known)}`), {
    method: known === undefined ? "POST" : "PUT",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify(activityOf(message, known)),
    outbound,
    signal: AbortSignal.timeout(timeoutMs),
    maxAnswerBytes: 256 * 1024,
  });
  if (answer.status < 200 || answer.status >= 300) return { state: "retry", detail: `answered ${answer.status}`, ...retryAfter(answer.headers["retry-after"]) };
  const id = known ?? idOf(answer.body);
  return { state: "delivered", detail: known === undefined ? "posted" : "updated", ...(id === undefined ? {} : { reference: { activity: id } }) };
}

/** OAuth 2.0 client credentials (RFC 6749 §4.4) for the connector's scope. */
async function connectorToken(config: TeamsConfig, appPassword: string, outbound: OutboundRule): Promise<string | undefined> {
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: config.appId, client_secret: appPassword, scope: "https://api.botframework.com/.default" });
  const answer = await outboundRequest(new URL(config.tokenUrl), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
    outbound,
    signal: AbortSignal.timeout(timeoutMs),
    maxAnswerBytes: 64 * 1024,
  });
  if (answer.status !== 200) return undefined;
  const token = member(answer.body, "access_token");
  return token !== undefined && token.length < 16_384 ? token : undefined;
}

/** An Adaptive Card: its text is plain where a name stands, so that a name can't make a link. */
function activityOf({ subject, lines, url }: Message, id: string | undefined): unknown {
  const text = (value: string, more: object = {}) => ({ type: "TextBlock", text: unmarked(value), wrap: true, ...more });
  return {
    type: "message",
    ...(id === undefined ? {} : { id }),
    summary: subject,
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body: [text(subject, { weight: "Bolder" }), ...lines.map((one) => text(one))],
          actions: [{ type: "Action.OpenUrl", title: "Open in Mandate", url }],
        },
      },
    ],
  };
}

/** TextBlock reads Markdown: links and emphasis are broken up. */
function unmarked(text: string): string {
  return text.replace(/[[\]*_`<>]/g, (mark) => `\\${mark}`);
}

function idOf(body: string): string | undefined {
  return member(body, "id");
}

function member(body: string, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    return typeof found === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}
