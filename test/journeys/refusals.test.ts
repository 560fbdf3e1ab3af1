import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootstrapToken, chat, type Mandate, smallManifest, startMandate, startUpstream, type Upstream } from "./harness.ts";

let mandate: Mandate;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
  mandate = await startMandate();
});
afterAll(async () => {
  await mandate?.stop();
  await upstream?.close();
});

/** Applies a system of its own and returns a key for it. */
async function system(name: string, edit: (yaml: string) => string = (yaml) => yaml): Promise<string> {
  const applied = await mandate.apply(edit(smallManifest(upstream.url, name)));
  expect(applied.status, applied.text).toBe(200);
  return (await mandate.credential(name)).key;
}

describe("G1: no live authorization, no call", () => {
  test("a complete system's call passes, and its upstream sees no key of the caller's", async () => {
    const key = await system("complete");
    const answer = await mandate.call("/v1/chat/completions", key, chat("hello"));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get("x-mandate-decision")).toMatch(/^dec_/);
    const seen = upstream.requests.at(-1)!;
    expect(JSON.stringify(seen.headers)).not.toContain(key);
    expect(seen.headers.authorization).toBeUndefined();
  });

  const refused = async (key: string | null, status: number, code: string, param?: string) => {
    const before = upstream.requests.length;
    const answer = await mandate.call("/v1/chat/completions", key, chat("hello"));
    expect([answer.status, answer.body?.error?.code], answer.text).toEqual([status, code]);
    if (param) expect(answer.body.error.param).toBe(param);
    expect(answer.body.error.message.length).toBeGreaterThan(20);
    expect(answer.body.error.remedies.length).toBeGreaterThan(0);
    expect(answer.headers.get("x-should-retry")).toBe("false");
    expect(upstream.requests.length).toBe(before);
    return answer;
  };

  test("no key", async () => void (await refused(null, 401, "credential_unknown")));

  test("a forged key", async () => {
    const key = await system("forged");
    await refused(`${key.slice(0, -1)}${key.endsWith("a") ? "b" : "a"}`, 401, "credential_unknown");
  });

  test.each([
    ["ownerless", (yaml: string) => yaml.replace(", technical: tom@halden.example", ""), "owners.technical"],
    ["one-owner-twice", (yaml: string) => yaml.replace("tom@halden.example", "bea@halden.example"), undefined],
    ["purposeless", (yaml: string) => yaml.replace(/\n {2}purposes:.*\n/, "\n"), "purposes"],
    ["boundless", (yaml: string) => yaml.replace(/\n {2}boundary:.*\n/, "\n"), "boundary"],
  ])("%s: stored as proposed, refused, and told what is missing", async (name, edit, param) => {
    const key = await system(name, edit);
    const record = await mandate.api("GET", `/systems/${name}`);
    expect(record.body.lifecycle).toBe("proposed");
    expect(record.body.missing.length).toBeGreaterThan(0);
    await refused(key, 403, "not_authorized", param);
  });

  test("suspended, resumed, retired", async () => {
    const key = await system("switched");
    const act = (action: string) => mandate.api("POST", `/systems/switched/${action}`, { reason: "a test of the switch" });
    expect((await act("suspend")).status).toBe(200);
    await refused(key, 403, "system_suspended");
    expect((await act("resume")).status).toBe(200);
    expect((await mandate.call("/v1/chat/completions", key, chat("hello"))).status).toBe(200);
    expect((await act("retire")).status).toBe(200);
    await refused(key, 403, "system_retired");
  });

  test("a pilot that has ended, with no job having run", async () => {
    const ends = new Date(Date.now() + 3_000).toISOString();
    const key = await system("ending", (yaml) => yaml.replace("  audience:", `  pilot: { ends: "${ends}" }\n  audience:`));
    expect((await mandate.call("/v1/chat/completions", key, chat("hello"))).status).toBe(200);
    await new Promise((done) => setTimeout(done, Date.parse(ends) - Date.now() + 50));
    await refused(key, 403, "authorization_expired");
  });

  test("a model nobody granted", async () => {
    const key = await system("ungranted");
    const before = upstream.requests.length;
    const answer = await mandate.call("/v1/chat/completions", key, { ...chat("hello"), model: "gpt-other" });
    expect([answer.status, answer.body.error.code]).toEqual([403, "not_granted"]);
    expect(upstream.requests.length).toBe(before);
  });

  test("a key that was revoked, suspended, or has expired", async () => {
    await system("keys");
    const { id, key } = await mandate.credential("keys");
    const act = (action: string) => mandate.api("POST", `/credentials/${id}/${action}`, { reason: "a test" });
    expect((await act("suspend")).status).toBe(200);
    await refused(key, 401, "credential_suspended");
    expect((await act("resume")).status).toBe(200);
    expect((await mandate.call("/v1/chat/completions", key, chat("hello"))).status).toBe(200);
    expect((await act("revoke")).status).toBe(200);
    await refused(key, 401, "credential_revoked");
    const short = await mandate.credential("keys", "1s");
    await new Promise((done) => setTimeout(done, 1_100));
    await refused(short.key, 401, "credential_expired");
  });

  test("each refusal with a key is a decision that can be read back", async () => {
    const key = await system("recorded", (yaml) => yaml.replace(", technical: tom@halden.example", ""));
    const answer = await refused(key, 403, "not_authorized");
    const id = answer.headers.get("x-mandate-decision")!;
    await expect
      .poll(async () => (await mandate.api("GET", `/decisions/${id}`)).body, { timeout: 5_000 })
      .toMatchObject({ id, outcome: "deny", code: "not_authorized", system: "recorded", terminal: "refused" });
  });
});

describe("the edge of the gateway", () => {
  test.each([
    ["broken JSON", `{"model": "gpt-test", "messages": [`, 400, "unreadable_body"],
    ["a duplicate member", `{"model":"gpt-test","model":"gpt-other","messages":[]}`, 400, "unreadable_body"],
    ["an array", `[]`, 400, "unreadable_body"],
    ["a number for messages", `{"model":"gpt-test","messages":7}`, 400, "unreadable_body"],
    ["a model that isn't text", `{"model":{"a":1},"messages":[]}`, 400, "unreadable_body"],
  ])("%s", async (_name, body, status, code) => {
    const key = await system("edges");
    const before = upstream.requests.length;
    const answer = await mandate.call("/v1/chat/completions", key, body);
    expect([answer.status, answer.body?.error?.code], answer.text).toEqual([status, code]);
    expect(upstream.requests.length).toBe(before);
  });

  test.each(["/v1/unknown", "/v1/../api/v1/systems", "/v1/chat/completions/../../admin", "//v1/chat/completions", "/%2e%2e/x"])(
    "an unknown path %s is 404 with a body that says what exists",
    async (path) => {
      const key = await system("edges");
      const answer = await mandate.call(path, key, chat("hello"));
      expect(answer.status).toBe(404);
      expect(answer.body).not.toBeNull();
    },
  );

  test("the console's token is no gateway key", async () => {
    const answer = await mandate.call("/v1/chat/completions", bootstrapToken, chat("hello"));
    expect([answer.status, answer.body.error.code]).toEqual([401, "credential_unknown"]);
  });
});
