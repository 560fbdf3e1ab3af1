import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MachineIdentity } from "@mandate/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Mandate, runCli, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;
const directory = mkdtempSync(join(tmpdir(), "mandate-machine-"));
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const privateJwk = pair.privateKey.export({ format: "jwk" });

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
  const applied = await mandate.apply(smallManifest(upstream.url, "notes"));
  expect(applied.status, applied.text).toBe(200);
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What a machine runs: its own key, the SDK's identity, the provider's real client. */
async function machine(...more: string[]) {
  const keys = more.length === 0 ? privateJwk : generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const file = join(directory, "client.jwk.json");
  writeFileSync(file, JSON.stringify(keys));
  const made = await runCli(mandate, ["credential", "create", "--system", "notes", "--kind", "client", "--jwk", file, "--ttl", "1d", "-o", "json", ...more]);
  expect(made.code, made.stderr).toBe(0);
  expect(made.stdout, "the private half stays on the machine").not.toContain(String(keys.d));
  const { id, tokenEndpoint } = JSON.parse(made.stdout) as { id: string; tokenEndpoint: string };
  const identity = new MachineIdentity({ tokenEndpoint, proof: { clientId: id, key: keys } });
  const client = new OpenAI({ baseURL: `${mandate.gateway}/v1`, apiKey: "unused", maxRetries: 0, fetch: identity.fetch });
  return { id, identity, client };
}
const ask = (client: OpenAI) => client.chat.completions.create({ model: "gpt-test", messages: [{ role: "user", content: "hello" }] });

describe("a machine with a key of its own", () => {
  test("calls through the real client with a token that is bound to it", async () => {
    const { client, id } = await machine();
    expect((await ask(client)).choices[0]?.message.content).toBeTruthy();
    const { body } = await mandate.api("GET", `/credentials/${id}`);
    expect(body).toMatchObject({ kind: "client", state: "active" });
    expect(body.thumbprints).toHaveLength(1);
    expect(JSON.stringify(upstream.requests.at(-1)!.headers)).not.toMatch(/dpop|eyJ/i);
  });

  test("a stolen token is worth nothing without its key", async () => {
    const { identity } = await machine("--dpop");
    const stolen = await identity.token();
    for (const scheme of ["Bearer", "DPoP"]) {
      const reply = await fetch(`${mandate.gateway}/v1/models`, { headers: { authorization: `${scheme} ${stolen}` } });
      expect(reply.status).toBe(401);
      expect(reply.headers.get("www-authenticate")).toMatch(/^DPoP error="invalid_/);
    }
    const thief = new MachineIdentity({ tokenEndpoint: `${mandate.url}/oauth2/token`, proof: { subjectToken: () => Promise.resolve(stolen) } });
    await expect(thief.token()).rejects.toMatchObject({ code: "invalid_grant" });
  });

  test("revoked, its next call is refused by the time of the answer", async () => {
    const { client, id } = await machine("--dpop", "--name", "revoked");
    await ask(client);
    const revoked = await runCli(mandate, ["credential", "revoke", id, "--reason", "leaked"]);
    expect(revoked.code, revoked.stderr).toBe(0);
    await expect(ask(client)).rejects.toMatchObject({ status: 401, code: "credential_revoked" });
  });

  test("a list of keys that live elsewhere is imported; a list of the keys themselves is not", async () => {
    const file = join(directory, "keys.csv");
    writeFileSync(file, "name;location;kind;owner;created\nOPENAI_API_KEY;github:halden/notes;api-key;tom@halden.example;2024-01-31\n");
    const imported = await runCli(mandate, ["credential", "import", file]);
    expect([imported.code, imported.stdout.trim()], imported.stderr).toEqual([0, "1 listed, 0 updated"]);
    writeFileSync(file, "name,location\nsk-proj-0123456789abcdefghijklmnop,ci\n");
    const refused = await runCli(mandate, ["credential", "import", file]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).not.toContain("sk-proj-0123456789");
  });

  test("a platform is trusted only with a subject", async () => {
    const trusted = await runCli(mandate, ["credential", "trust", "--system", "notes", "--issuer", "https://token.actions.githubusercontent.com", "--audience", "mandate", "--subject", "repo:halden/notes:ref:refs/heads/main", "--claim", "repository=halden/notes", "--ttl", "1d"]);
    expect(trusted.code, trusted.stderr).toBe(0);
    const anybody = await runCli(mandate, ["credential", "trust", "--system", "notes", "--issuer", "https://token.actions.githubusercontent.com", "--audience", "mandate", "--subject", "*", "--ttl", "1d"]);
    expect(anybody.code).toBe(1);
  });
});
