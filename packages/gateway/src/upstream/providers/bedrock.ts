import { AwsV4Signer } from "aws4fetch";
import { withMembers } from "../../json/members.ts";
import { isMembers } from "../../surfaces/fields.ts";
import { UpstreamFailure } from "../failure.ts";
import type { Provider } from "./provider.ts";

/**
 * Amazon Bedrock. Anthropic's messages go through InvokeModel, whose body is theirs but for the members that stand in the
 * path; OpenAI's chat completions have a path of their own; Converse is Bedrock's own wire.
 */
export const bedrock: Provider = {
  address(model, surface, stream) {
    const base = model.endpoint.replace(/\/+$/, "");
    if (surface.name === "openai-chat") return `${base.replace(/\/openai(?:\/v1)?$/, "")}/openai/v1${surface.upstreamPath(model.upstream)}`;
    if (surface.name === "bedrock-converse") return base + surface.upstreamPath(model.upstream);
    return `${base}/model/${encodeURIComponent(model.upstream)}/invoke${stream ? "-with-response-stream" : ""}`;
  },
  headers: () => ({}),
  accept: (surface, stream) =>
    !stream ? "application/json" : surface.name === "openai-chat" ? "text/event-stream" : "application/vnd.amazon.eventstream",
  body(body, surface, caller, maxDepth) {
    if (surface.name !== "anthropic-messages") return body;
    const beta = caller["anthropic-beta"];
    return withMembers(body, maxDepth, {
      without: ["model", "stream", "anthropic_version"],
      first: {
        anthropic_version: "bedrock-2023-05-31",
        ...(typeof beta === "string" ? { anthropic_beta: beta.split(",").map((name) => name.trim()) } : {}),
      },
    });
  },
  async authorize(secret, request, nowMs) {
    const keys = accessKeys(secret);
    // Bedrock's own API keys are bearers.
    if (keys === null) return { authorization: `Bearer ${secret}` };
    const region = keys.region ?? regionOf(request.url.hostname);
    if (region === null)
      throw new UpstreamFailure(
        "refused",
        "The model's address names no AWS region, and neither does its secret.",
        "no region to sign for",
      );
    const signer = new AwsV4Signer({
      method: "POST",
      url: request.url.href,
      headers: { ...request.headers },
      body: request.body,
      ...keys,
      region,
      service: "bedrock",
      datetime: new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    });
    const { headers } = await signer.sign();
    return Object.fromEntries(headers.entries());
  },
};

interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region?: string;
}

/** As AWS prints them (`{"AccessKeyId", "SecretAccessKey", "SessionToken"}` in any case) or `ID:SECRET[:TOKEN]`. */
function accessKeys(secret: string): AccessKeys | null {
  const inline = /^((?:AKIA|ASIA)[A-Z0-9]{12,124}):([A-Za-z0-9/+=]{16,128})(?::(\S+))?$/.exec(secret.trim());
  if (inline !== null)
    return {
      accessKeyId: inline[1]!,
      secretAccessKey: inline[2]!,
      ...(inline[3] === undefined ? {} : { sessionToken: inline[3] }),
    };
  if (!secret.trim().startsWith("{")) return null;
  let value: unknown;
  try {
    value = JSON.parse(secret);
  } catch {
    return null;
  }
  if (!isMembers(value)) return null;
  const member = (name: string): string | undefined => {
    const found = Object.entries(value).find(([key]) => key.toLowerCase() === name)?.[1];
    return typeof found === "string" && found !== "" ? found : undefined;
  };
  const accessKeyId = member("accesskeyid");
  const secretAccessKey = member("secretaccesskey");
  if (accessKeyId === undefined || secretAccessKey === undefined) return null;
  const sessionToken = member("sessiontoken");
  const region = member("region");
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(region === undefined ? {} : { region }),
  };
}

/** `bedrock-runtime.eu-central-1.amazonaws.com`, its FIPS and VPC forms. */
function regionOf(host: string): string | null {
  return /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\./.exec(host)?.[1] ?? null;
}
