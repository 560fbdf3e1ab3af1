import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { readKeyConfiguration } from "./configuration.ts";
import { openMasterKey } from "./open-master-key.ts";
import type { KeyConfiguration } from "./provider.ts";

// Stand-ins of the two services: they speak the services' own protocol over real sockets and check what those check,
// the signature by a second implementation of SigV4. They are not the services.

const servers: Server[] = [];
let directory = "";
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "mandate-keys-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));
afterAll(() => servers.forEach((server) => server.close()));

async function listen(answer: (request: IncomingMessage, body: string) => { status: number; body: unknown }): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { status, body } = answer(request, Buffer.concat(parts).toString("utf8"));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** AES-GCM with the context as associated data, as both services do inside. */
function box() {
  const keys = new Map<string, Buffer>();
  const keyOf = (name: string) => keys.get(name) ?? keys.set(name, randomBytes(32)).get(name)!;
  return {
    disable: (name: string) => keys.delete(name) && keys.set(name, randomBytes(32)),
    seal(name: string, plain: Buffer, context: string): Buffer {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", keyOf(name), nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(name: string, sealed: Buffer, context: string): Buffer | undefined {
      try {
        const decipher = createDecipheriv("aes-256-gcm", keyOf(name), sealed.subarray(0, 12)).setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/** AWS Signature Version 4, from the request as it arrived. */
function isSigned(request: IncomingMessage, body: string): boolean {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? "");
  if (match === null) return false;
  const [, id, day, region, signed, signature] = match as unknown as [string, string, string, string, string, string];
  const names = signed.split(";");
  if (id !== "AKIDEXAMPLE" || !names.includes("host") || !names.includes("x-amz-target")) return false;
  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const canonical = [request.method, request.url, "", ...names.map((name) => `${name}:${String(request.headers[name]).trim()}`), "", signed, sha(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], `${day}/${region}/kms/aws4_request`, sha(canonical)].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), "kms"), "aws4_request");
  return hmac(key, toSign).toString("hex") === signature;
}

async function kms() {
  const keys = box();
  const endpoint = await listen((request, text) => {
    if (!isSigned(request, text)) return { status: 400, body: { __type: "InvalidSignatureException" } };
    const body = JSON.parse(text) as { KeyId?: string; Plaintext?: string; CiphertextBlob?: string; EncryptionContext: Record<string, string> };
    const context = JSON.stringify(body.EncryptionContext);
    if (request.headers["x-amz-target"] === "TrentService.Encrypt") {
      const sealed = keys.seal(body.KeyId!, Buffer.from(body.Plaintext!, "base64"), context);
      return { status: 200, body: { KeyId: body.KeyId, CiphertextBlob: Buffer.concat([Buffer.from(`${body.KeyId!}\n`), sealed]).toString("base64") } };
    }
    const blob = Buffer.from(body.CiphertextBlob!, "base64");
    const at = blob.indexOf(10);
    const plain = keys.open(blob.subarray(0, at).toString(), blob.subarray(at + 1), context);
    return plain === undefined ? { status: 400, body: { __type: "InvalidCiphertextException" } } : { status: 200, body: { Plaintext: plain.toString("base64") } };
  });
  const configured = (keyId: string, secret = secretAccessKey): KeyConfiguration => ({ kind: "aws-kms", keyId, region: "eu-central-1", endpoint: `${endpoint}/`, credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: secret, sessionToken: null } });
  return { keys, configured };
}

async function vault() {
  const keys = box();
  let version = 1;
  const address = await listen((request, text) => {
    const match = /^\/v1\/transit\/(encrypt|decrypt)\/([\w-]+)$/.exec(request.url ?? "");
    if (request.headers["x-vault-token"] !== "hvs.token" || match === null) return { status: 403, body: { errors: ["permission denied"] } };
    const body = JSON.parse(text) as { plaintext?: string; ciphertext?: string; associated_data: string };
    if (match[1] === "encrypt") return { status: 200, body: { data: { ciphertext: `vault:v${version}:${keys.seal(`${match[2]!}${version}`, Buffer.from(body.plaintext!, "base64"), body.associated_data).toString("base64")}`, key_version: version } } };
    const [, v, sealed] = body.ciphertext!.split(":") as [string, string, string];
    const plain = keys.open(`${match[2]!}${v.slice(1)}`, Buffer.from(sealed, "base64"), body.associated_data);
    return plain === undefined ? { status: 400, body: { errors: ["cipher: message authentication failed"] } } : { status: 200, body: { data: { plaintext: plain.toString("base64") } } };
  });
  const configured = (token = "hvs.token"): KeyConfiguration => ({ kind: "vault-transit", address, mount: "transit", key: "mandate", token, namespace: null });
  return { keys, configured, rotate: () => void version++ };
}

const filesHold = (needle: Buffer): boolean => ["master-key.wrapped", "master-key"].some((name) => existsSync(join(directory, name)) && (readFileSync(join(directory, name)).includes(needle) || readFileSync(join(directory, name), "utf8").includes(needle.toString("hex")) || readFileSync(join(directory, name), "utf8").includes(needle.toString("base64"))));

describe("the master key behind AWS KMS's protocol", () => {
  test("is the same at each start and lies on disk only wrapped", async () => {
    const { configured } = await kms();
    const first = await openMasterKey(configured("alias/mandate"), directory);
    expect(Buffer.from(await openMasterKey(configured("alias/mandate"), directory))).toEqual(Buffer.from(first));
    expect(filesHold(Buffer.from(first))).toBe(false);
  });

  test("moves to another key at a start; the old one can then be disabled", async () => {
    const { configured, keys } = await kms();
    const first = await openMasterKey(configured("old"), directory);
    await openMasterKey(configured("new"), directory);
    keys.disable("old");
    expect(Buffer.from(await openMasterKey(configured("new"), directory))).toEqual(Buffer.from(first));
  });

  test("stays closed for wrong credentials and for a service that isn't there", async () => {
    const { configured } = await kms();
    await openMasterKey(configured("k"), directory);
    await expect(openMasterKey(configured("k", "another"), directory)).rejects.toMatchObject({ code: "keys.refused" });
    await expect(openMasterKey({ ...configured("k"), endpoint: "http://127.0.0.1:9/" } as KeyConfiguration, directory)).rejects.toMatchObject({ code: "keys.unreachable" });
  });
});

describe("the master key behind Vault's transit protocol", () => {
  test("takes over a key that lay in a file, removes the file, and follows the service's rotation", async () => {
    const { configured, keys, rotate } = await vault();
    const before = randomBytes(32);
    writeFileSync(join(directory, "master-key"), before.toString("hex"));
    expect(Buffer.from(await openMasterKey(configured(), directory))).toEqual(before);
    expect(existsSync(join(directory, "master-key"))).toBe(false);
    expect(filesHold(before)).toBe(false);
    rotate();
    await openMasterKey(configured(), directory);
    keys.disable("mandate1");
    expect(Buffer.from(await openMasterKey(configured(), directory))).toEqual(before);
  });

  test("is never made anew beside a wrapped one: without its service, or with another, the start is refused", async () => {
    const { configured } = await vault();
    await openMasterKey(configured(), directory);
    await expect(openMasterKey({ kind: "file", path: null }, directory)).rejects.toMatchObject({ code: "keys.provider_missing" });
    await expect(openMasterKey((await kms()).configured("k"), directory)).rejects.toMatchObject({ code: "keys.provider_missing" });
    await expect(openMasterKey(configured("hvs.other"), directory)).rejects.toMatchObject({ code: "keys.refused" });
    expect(existsSync(join(directory, "master-key"))).toBe(false);
  });

  test("a service that redirects gets no second request", async () => {
    let followed = 0;
    const target = await listen(() => ({ status: 200, body: { data: (followed++, {}) } }));
    const server = createServer((_request, response) => response.writeHead(307, { location: `${target}/v1/transit/encrypt/mandate` }).end());
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(openMasterKey({ kind: "vault-transit", address, mount: "transit", key: "mandate", token: "hvs.token", namespace: null }, directory)).rejects.toMatchObject({ code: "keys.unreachable" });
    expect(followed).toBe(0);
  });
});

describe("the environment", () => {
  const read = (env: Record<string, string>) => readKeyConfiguration(env, (name, what) => new Error(`${name} ${what}`));

  test("names each provider, and what it lacks", () => {
    expect(read({})).toEqual({ kind: "file", path: null });
    expect(read({ MANDATE_MASTER_KEY: "ab".repeat(32) })).toEqual({ kind: "environment", text: "ab".repeat(32) });
    expect(read({ MANDATE_KEY_PROVIDER: "aws-kms", MANDATE_KMS_KEY_ID: "k", AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s" })).toMatchObject({ endpoint: "https://kms.eu-central-1.amazonaws.com/" });
    expect(() => read({ MANDATE_KEY_PROVIDER: "aws-kms" })).toThrow("AWS_REGION");
    expect(() => read({ MANDATE_KEY_PROVIDER: "vault-transit", VAULT_ADDR: "http://vault.example:8200", VAULT_TOKEN: "t", MANDATE_VAULT_KEY: "k" })).toThrow("https");
    expect(() => read({ MANDATE_KEY_PROVIDER: "paper" })).toThrow("MANDATE_KEY_PROVIDER");
  });

  test("a key of it opens without any file, and one of another length is refused", async () => {
    expect(await openMasterKey({ kind: "environment", text: "ab".repeat(32) }, directory)).toHaveLength(32);
    await expect(openMasterKey({ kind: "environment", text: "abcd" }, directory)).rejects.toMatchObject({ code: "secrets.master_key" });
  });
});
