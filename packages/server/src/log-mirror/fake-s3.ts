import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";

// FAKE, for tests: what S3 answers to PutObject in a bucket with object lock. It checks AWS Signature Version 4 by the
// published algorithm, not with the client's own code, and keeps the first version of what is locked.

export interface FakeS3 {
  readonly url: string;
  readonly objects: Map<string, { readonly body: Buffer; readonly mode: string; readonly until: string; readonly versions: number }>;
  refuse: string | null;
  close(): Promise<void>;
}

const hmac = (key: Buffer | string, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const hex = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");

function signatureFault(request: IncomingMessage, body: Buffer, keys: { id: string; secret: string }): string | null {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? "");
  if (match === null) return "AccessDenied";
  const [, id, day, region, names, signature] = match as unknown as [string, string, string, string, string, string];
  if (id !== keys.id) return "InvalidAccessKeyId";
  const signed = names.split(";");
  for (const needed of ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"]) if (!signed.includes(needed)) return "AccessDenied";
  if (request.headers["x-amz-content-sha256"] !== hex(body)) return "XAmzContentSHA256Mismatch";
  const canonical = [request.method, request.url, "", ...signed.map((name) => `${name}:${String(request.headers[name]).trim()}`), "", names, request.headers["x-amz-content-sha256"]].join("\n");
  const date = String(request.headers["x-amz-date"]);
  const key = ["aws4_request"].reduce<Buffer>((sum, part) => hmac(sum, part), hmac(hmac(hmac(`AWS4${keys.secret}`, day), region), "s3"));
  const expected = hmac(key, ["AWS4-HMAC-SHA256", date, `${day}/${region}/s3/aws4_request`, hex(canonical)].join("\n")).toString("hex");
  return expected === signature ? null : "SignatureDoesNotMatch";
}

export async function startFakeS3(keys: { id: string; secret: string }): Promise<FakeS3> {
  const objects: FakeS3["objects"] = new Map();
  const fake: { refuse: string | null } = { refuse: null };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const checksum = createHash("sha256").update(body).digest("base64");
      const fault = fake.refuse ?? signatureFault(request, body, keys) ?? (request.headers["x-amz-checksum-sha256"] === checksum ? null : "InvalidRequest");
      if (request.method !== "PUT" || fault !== null) {
        response.writeHead(fault === null ? 405 : 403, { "content-type": "application/xml" });
        response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${fault ?? "MethodNotAllowed"}</Code></Error>`);
        return;
      }
      const name = decodeURIComponent(request.url!.slice(1));
      const before = objects.get(name);
      objects.set(name, { body, mode: String(request.headers["x-amz-object-lock-mode"]), until: String(request.headers["x-amz-object-lock-retain-until-date"]), versions: (before?.versions ?? 0) + 1 });
      response.writeHead(200, { etag: `"${hex(body).slice(0, 32)}"` });
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    close: () => new Promise<void>((done) => void server.close(() => done())),
  });
}
