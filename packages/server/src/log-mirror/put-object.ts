import { createHash } from "node:crypto";
import type { OutboundRule } from "@mandate/gateway";
import { AwsV4Signer } from "aws4fetch";
import { outboundRequest } from "../outbound/index.ts";
import type { MirrorSettings } from "./settings.ts";

export interface PutObject {
  readonly settings: MirrorSettings;
  /** `ACCESS-KEY-ID:SECRET-ACCESS-KEY`. */
  readonly secret: string;
  readonly name: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly outbound: OutboundRule;
  readonly nowMs: number;
}

const answerWithinMs = 30_000;

/**
 * Writes one object that its store then keeps from being changed (S3 Object Lock). The body is part of what is signed, and
 * its checksum is said as Object Lock demands.
 * @throws Error naming the status when the store doesn't take it
 */
export async function putObject({ settings, secret, name, body, contentType, outbound, nowMs }: PutObject): Promise<void> {
  const [accessKeyId, secretAccessKey] = splitKeys(secret);
  const path = `${settings.prefix}${name}`.split("/").map(encodeURIComponent).join("/");
  const url = new URL(`${settings.endpoint.replace(/\/+$/, "")}/${settings.bucket}/${path}`);
  const digest = createHash("sha256").update(body).digest();
  const signer = new AwsV4Signer({
    method: "PUT",
    url: url.href,
    headers: {
      "content-type": contentType,
      "x-amz-content-sha256": digest.toString("hex"),
      "x-amz-checksum-sha256": digest.toString("base64"),
      "x-amz-object-lock-mode": settings.lock,
      "x-amz-object-lock-retain-until-date": new Date(nowMs + settings.retainDays * 86_400_000).toISOString(),
    },
    accessKeyId,
    secretAccessKey,
    region: settings.region,
    service: "s3",
    datetime: new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
  });
  const { headers } = await signer.sign();
  const answer = await outboundRequest(url, { method: "PUT", headers: Object.fromEntries(headers.entries()), body, outbound, signal: AbortSignal.timeout(answerWithinMs), maxAnswerBytes: 64 * 1024 });
  if (answer.status === 200) return;
  const why = /<Code>([^<]{1,100})<\/Code>/.exec(answer.body)?.[1] ?? "";
  throw new Error(`the store answers ${answer.status}${why === "" ? "" : ` (${why})`}`);
}

function splitKeys(secret: string): [string, string] {
  const at = secret.indexOf(":");
  if (at <= 0) throw new Error("the secret isn't ACCESS-KEY-ID:SECRET-ACCESS-KEY");
  return [secret.slice(0, at), secret.slice(at + 1).trim()];
}
