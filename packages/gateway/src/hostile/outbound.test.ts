import { describe, expect, test } from "vitest";
import { testFacts, testModel, testSnapshot, testSystem } from "../testing/facts.ts";
import { startTestGateway } from "../testing/gateway.ts";
import { hello, setStage } from "../testing/stage.ts";

// Ways to have the gateway call, or tell a secret to, somebody else.

const stage = setStage();

describe("outbound addresses and secrets", () => {
  const addresses = [
    "http://127.0.0.1:1/v1",
    "http://10.0.0.5/v1",
    "http://[::1]:1/v1",
    "http://[::ffff:127.0.0.1]:1/v1",
    "http://169.254.169.254/v1",
    "http://0.0.0.0:1/v1",
    "http://localhost:1/v1",
    "http://2130706433/v1",
    "http://100.64.1.1/v1",
    "http://[fd00:ec2::254]/v1",
  ];
  for (const endpoint of addresses) {
    test(`${endpoint} is not called unless allowed`, async () => {
      stage.gateway = await startTestGateway(testSnapshot(testFacts(endpoint, testSystem("T0")), { outboundAllow: [] }));
      const answer = await stage.gateway.call("/v1/chat/completions", hello);
      expect([answer.status, answer.body.error.code], answer.text).toEqual([502, "upstream_unreachable"]);
      expect(answer.body.error.message).toMatch(/does not call/);
      expect(stage.gateway.evidence.terminals()).toEqual(["refused"]);
    });
  }

  test("metadata addresses stay closed whatever an administrator allows", async () => {
    stage.gateway = await startTestGateway(
      testSnapshot(testFacts("http://169.254.169.254/v1", testSystem("T0")), {
        outboundAllow: ["0.0.0.0/0", "169.254.169.254:80"],
      }),
    );
    expect((await stage.gateway.call("/v1/chat/completions", hello)).body.error.message).toMatch(/does not call/);
  });

  test("host:port allows exactly that", async () => {
    await stage.start("T0", { snapshot: { outboundAllow: [`127.0.0.1:${stage.upstream.port}`] } });
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    await stage.gateway.close();
    await stage.start("T0", { snapshot: { outboundAllow: [`127.0.0.1:${stage.upstream.port + 1}`] } });
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(502);
  });

  test("a secret goes to its own hosts alone", async () => {
    const facts = testFacts(stage.upstream.endpoint, testSystem("T0"), {
      models: [testModel(stage.upstream.endpoint, { credential: "prod" })],
    });
    stage.gateway = await startTestGateway(
      testSnapshot(facts, {
        secrets: [{ name: "prod", value: "sk-canary-123", hosts: [`127.0.0.1:${stage.upstream.port}`] }],
      }),
    );
    expect((await stage.gateway.call("/v1/chat/completions", hello)).status).toBe(200);
    expect(stage.upstream.seen[0]!.headers.authorization).toBe("Bearer sk-canary-123");
    stage.gateway.control.publish(
      testSnapshot(facts, {
        version: 8,
        secrets: [{ name: "prod", value: "sk-canary-123", hosts: ["api.example.com"] }],
      }),
    );
    const answer = await stage.gateway.call("/v1/chat/completions", hello);
    expect(answer.status).toBe(502);
    expect(stage.upstream.seen).toHaveLength(1);
    expect(answer.text + JSON.stringify(stage.gateway.evidence.entries) + stage.gateway.logged.join()).not.toContain("sk-canary");
  });

  test("a redirect is not followed", async () => {
    await stage.start();
    stage.upstream.answer = (_request, res) =>
      res.writeHead(307, { location: `http://127.0.0.1:${stage.upstream.port}/v1/elsewhere` }).end();
    const answer = await stage.gateway.call("/v1/chat/completions", hello);
    expect([answer.status, answer.body.error.code]).toEqual([502, "upstream_unreachable"]);
    expect(stage.upstream.seen).toHaveLength(1);
  });

  test("a provider's 401 or 403 is not mistaken for a refusal of ours; its 400 and 429 pass unchanged", async () => {
    await stage.start();
    for (const [status, expected] of [
      [401, 502],
      [403, 502],
      [500, 502],
      [400, 400],
      [429, 429],
    ] as const) {
      stage.upstream.answer = (_request, res) =>
        res
          .writeHead(status, { "content-type": "application/json", "retry-after": "3" })
          .end('{"error":{"message":"theirs"}}');
      const answer = await stage.gateway.call("/v1/chat/completions", hello);
      expect(answer.status).toBe(expected);
      if (expected < 500) expect(answer.text).toBe('{"error":{"message":"theirs"}}');
    }
  });
});
