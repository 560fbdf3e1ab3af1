import type { OutboundRule, UpstreamSecret } from "@mandate/gateway";
import { outboundRequest } from "../outbound/index.ts";
import { secretFor, tlsParts } from "./secrets.ts";
import type { StreamSettings } from "./settings.ts";

const timeoutMs = 30_000;
const maxAnswerBytes = 65_536;

/** One batch as lines of JSON. @throws Error unless the receiver says 2xx */
export async function sendHttp(settings: Extract<StreamSettings, { kind: "http" }>, lines: readonly string[], outbound: OutboundRule, secrets: readonly UpstreamSecret[]): Promise<void> {
  const target = new URL(settings.url);
  const authorization: Readonly<Record<string, string>> = settings.secret === undefined ? {} : { authorization: `${settings.scheme} ${secretFor(settings.secret, target, secrets)}` };
  const answer = await outboundRequest(target, { method: "POST", headers: { "content-type": "application/x-ndjson", ...authorization }, body: `${lines.join("\n")}\n`, outbound, tls: tlsParts(settings, target, secrets), signal: AbortSignal.timeout(timeoutMs), maxAnswerBytes });
  if (answer.status < 200 || answer.status > 299) throw new Error(`the receiver answers ${answer.status}`);
}
