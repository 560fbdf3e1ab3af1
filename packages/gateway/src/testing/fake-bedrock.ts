import { createHash, createHmac } from "node:crypto";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import type { SeenRequest } from "./upstream.ts";

// A fake of Amazon Bedrock's wire: its event stream and its signature (AWS Signature Version 4), written from AWS's
// description and independent of the libraries that the gateway itself uses to sign.

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8")),
  (value) => Buffer.from(value, "utf8"),
);

export function awsMessage(headers: Readonly<Record<string, string>>, body: unknown): Buffer {
  return Buffer.from(
    codec.encode({
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { type: "string", value }])),
      body: Buffer.from(JSON.stringify(body), "utf8"),
    }),
  );
}

/** Anthropic's events as InvokeModelWithResponseStream sends them. */
export function invokeStream(events: readonly Readonly<Record<string, unknown>>[]): Buffer {
  return Buffer.concat(
    events.map((event) =>
      awsMessage(
        { ":message-type": "event", ":event-type": "chunk", ":content-type": "application/json" },
        { bytes: Buffer.from(JSON.stringify(event), "utf8").toString("base64"), p: "abcdefgh" },
      ),
    ),
  );
}

/** Converse's events: the type stands in the message's headers. */
export function converseStream(events: readonly Readonly<Record<string, unknown>>[]): Buffer {
  return Buffer.concat(
    events.map((event) => {
      const [type, body] = Object.entries(event)[0]!;
      return awsMessage(
        { ":message-type": "event", ":event-type": type, ":content-type": "application/json" },
        { ...(body as object), p: "abcdefgh" },
      );
    }),
  );
}

/** A stream of whole messages, one by one. @throws where one isn't whole, or its sums are wrong */
export function messagesOf(wire: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < wire.length; at += wire.readUInt32BE(at)) {
    const message = wire.subarray(at, at + wire.readUInt32BE(at));
    codec.decode(message);
    messages.push(message);
  }
  return messages;
}

/** The same messages with their bodies' text changed, each framed and summed anew. */
export function changedMessages(wire: Buffer, change: (text: string) => string): Buffer {
  return Buffer.concat(
    messagesOf(wire).map((message) => {
      const { headers, body } = codec.decode(message);
      return codec.encode({ headers, body: Buffer.from(change(Buffer.from(body).toString("utf8")), "utf8") });
    }),
  );
}

export function awsException(type: string, message: string): Buffer {
  return awsMessage({ ":message-type": "exception", ":exception-type": type, ":content-type": "application/json" }, { message });
}

/** Whether the request carries a right signature by this secret key. */
export function isSigned(request: SeenRequest, secretAccessKey: string): boolean {
  const found = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? "",
  );
  if (found === null) return false;
  const [, credential = "", signedHeaders = "", signature = ""] = found;
  const [, date = "", region = "", service = "", end = ""] = credential.split("/");
  const stamp = String(request.headers["x-amz-date"]);
  const canonical = [
    request.method,
    // Every service but S3 encodes the path, as it was sent, once more.
    request.path.split("?")[0]!.split("/").map((part) => encodeURIComponent(part)).join("/"),
    "",
    ...signedHeaders.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}`),
    "",
    signedHeaders,
    createHash("sha256").update(request.body).digest("hex"),
  ].join("\n");
  const scope = [date, region, service, end].join("/");
  const toSign = ["AWS4-HMAC-SHA256", stamp, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const key = [date, region, service, end].reduce<Buffer | string>(
    (at, part) => createHmac("sha256", at).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  return createHmac("sha256", key).update(toSign).digest("hex") === signature && stamp.startsWith(date);
}
