import { describe, expect, it } from "vitest";
import { ApprovalRequired, MandateClient, MandateError, PolicyDenied } from "./index.ts";
import { readVerdict } from "./decide.ts";
import { readEvents } from "./events.ts";

interface Seen {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

/** A fetch that answers from a list, in order, and records what was asked. */
function scripted(...answers: (Response | Error)[]): {
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  seen: Seen[];
} {
  const seen: Seen[] = [];
  return {
    seen,
    fetch: async (url, init) => {
      seen.push({
        url,
        method: init?.method ?? "GET",
        headers: init?.headers as Record<string, string>,
        body: init?.body,
      });
      const answer = answers.shift();
      if (answer === undefined) throw new Error("asked more often than scripted");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}
const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });
const noSleep = async (): Promise<void> => undefined;
const client = (script: ReturnType<typeof scripted>, extra: object = {}): MandateClient =>
  new MandateClient({ url: "http://localhost:4600/", token: "tok", fetch: script.fetch, sleep: noSleep, ...extra });

const allow = {
  decision: true,
  context: {
    outcome: "allow",
    code: null,
    reason: "Within its terms.",
    rule: "grant",
    remedies: [],
    decision_id: "dec_1",
    obligations: [],
  },
};
const hold = {
  decision: false,
  context: {
    outcome: "hold",
    code: "approval_required",
    reason: "Refunds above €80 need a person.",
    rule: "refund-limit",
    remedies: [{ text: "Refund less." }],
    decision_id: "dec_2",
    obligations: [],
    approval: { id: "apr_1", url: "http://localhost:4600/approve/apr_1", expires_at: "2026-11-22T23:00:00Z" },
  },
};

describe("what the client sends", () => {
  it("names can't leave their path segment", async () => {
    const script = scripted(json({ name: "x" }));
    await client(script).get("systems", "../people/a?b#c");
    expect(script.seen[0]?.url).toBe("http://localhost:4600/api/v1/systems/..%2Fpeople%2Fa%3Fb%23c");
  });
  it("a token goes as bearer and never with the anti-forgery header; a session the other way round", async () => {
    const withToken = scripted(json({ state: "approved" }));
    await client(withToken).approvals.approve("apr_1", { reason: "late" });
    expect(withToken.seen[0]?.headers["authorization"]).toBe("Bearer tok");
    expect(withToken.seen[0]?.headers["x-mandate-csrf"]).toBeUndefined();
    const session = scripted(json({ state: "approved" }));
    await new MandateClient({ url: "", fetch: session.fetch }).approvals.approve("apr_1", { reason: "late" });
    expect(session.seen[0]?.headers["authorization"]).toBeUndefined();
    expect(session.seen[0]?.headers["x-mandate-csrf"]).toBe("1");
  });
  it("all() follows cursors to the end and stops on one that repeats", async () => {
    const script = scripted(json({ items: [1, 2], nextCursor: "c" }), json({ items: [3], nextCursor: "c" }));
    const items: unknown[] = [];
    for await (const item of client(script).all<unknown>("systems", { limit: 2 })) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    expect(script.seen[1]?.url).toContain("cursor=c");
  });
});

describe("retries", () => {
  it("a read is tried again after 503, honouring no more than its attempts", async () => {
    const script = scripted(json({}, 503), new Error("socket"), json({ items: [], nextCursor: null }));
    expect((await client(script).list("systems")).items).toEqual([]);
    const failing = scripted(
      json({}, 503),
      json({}, 503),
      json({ code: "control_unavailable", detail: "Starting." }, 503),
    );
    await expect(client(failing).list("systems")).rejects.toMatchObject({ status: 503, message: "Starting." });
  });
  it("a write is never sent twice", async () => {
    const script = scripted(new Error("socket"), json({}));
    await expect(client(script).credentials.create({ system: "s", name: "n", ttl: "30d" })).rejects.toMatchObject({
      code: "control_unavailable",
      status: 0,
    });
    expect(script.seen).toHaveLength(1);
  });
  it("a refusal is not repeated", async () => {
    const script = scripted(
      json(
        {
          code: "registry.not_found",
          detail: "No such system.",
          remedies: [{ text: "List them.", command: "mandate get systems" }],
        },
        404,
        { "x-request-id": "req_9" },
      ),
    );
    const error = await client(script)
      .get("systems", "x")
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MandateError);
    expect(error).toMatchObject({
      code: "registry.not_found",
      status: 404,
      requestId: "req_9",
      remedies: [{ command: "mandate get systems" }],
    });
    expect(script.seen).toHaveLength(1);
  });
  it("an HTML error page still becomes an error with status and no invented remedy", async () => {
    const script = scripted(new Response("<html>bad</html>", { status: 400 }));
    await expect(client(script).list("systems")).rejects.toMatchObject({ code: "http_400", status: 400, remedies: [] });
  });
  it("the caller's abort is the caller's, not an outage", async () => {
    const stop = new AbortController();
    const aborting = {
      fetch: async () => {
        stop.abort(new Error("mine"));
        throw new Error("mine");
      },
      seen: [],
    };
    await expect(client(aborting).list("systems", {}, { signal: stop.signal })).rejects.toThrow("mine");
  });
});

describe("check fails closed", () => {
  it.each([
    ["nothing", null],
    ["a list", []],
    ["decision true without outcome", { decision: true }],
    ["decision true with outcome deny", { decision: true, context: { outcome: "deny", reason: "r" } }],
    ["decision false with outcome allow", { decision: false, context: { outcome: "allow" } }],
    ["decision as a string", { decision: "true", context: { outcome: "allow" } }],
    ["decision true with outcome hold", { decision: true, context: { outcome: "hold" } }],
  ])("%s is a denial", (_name, body) => {
    expect(readVerdict(body).outcome).toBe("deny");
  });
  it("unreachable, 500 and an answer that is not JSON all deny, without a throw", async () => {
    for (const answer of [new Error("refused"), json({}, 500), new Response("hello"), json({}, 401)]) {
      const verdict = await client(scripted(answer)).check({ action: "tool.call", resource: "tool:x", subject: "s" });
      expect(verdict.outcome).toBe("deny");
      expect(verdict.remedies.length + verdict.reason.length).toBeGreaterThan(0);
    }
  });
  it("sends the AuthZEN question and carries the ticket of an approval", async () => {
    const script = scripted(json(allow));
    const verdict = await client(script).check({
      action: "tool.call",
      resource: "tool:refunds.issue",
      input: { order: "A1" },
      subject: "support",
      approval: "apr_1",
    });
    expect(verdict).toMatchObject({ outcome: "allow", decisionId: "dec_1" });
    expect(script.seen[0]?.url).toBe("http://localhost:4600/access/v1/evaluation");
    expect(script.seen[0]?.headers["x-mandate-approval"]).toBe("apr_1");
    expect(JSON.parse(String(script.seen[0]?.body))).toEqual({
      subject: { type: "system", id: "support" },
      action: { name: "tool.call" },
      resource: { type: "tool", id: "refunds.issue" },
      context: { input: { order: "A1" } },
    });
  });
});

describe("tool()", () => {
  it("runs only what is allowed", async () => {
    let runs = 0;
    const make = (body: unknown) =>
      client(scripted(json(body)), { system: "s" }).tool("refunds.issue", () => (runs += 1));
    await make(allow)({});
    expect(runs).toBe(1);
    await expect(make(hold)({})).rejects.toBeInstanceOf(ApprovalRequired);
    await expect(
      make({ decision: false, context: { outcome: "deny", reason: "No.", remedies: [] } })({}),
    ).rejects.toBeInstanceOf(PolicyDenied);
    await expect(
      make({ ...allow, context: { ...allow.context, obligations: [{ kind: "redact", types: ["person"] }] } })({}),
    ).rejects.toBeInstanceOf(PolicyDenied);
    expect(runs).toBe(1);
  });
  it("waits for the person when asked to, and repeats with the ticket", async () => {
    const script = scripted(json(hold), json({ state: "pending" }), json({ state: "approved" }), json(allow));
    const run = client(script, { system: "s" }).tool("refunds.issue", async () => "paid", { waitMs: 10_000 });
    expect(await run({})).toBe("paid");
    expect(script.seen.at(-1)?.headers["x-mandate-approval"]).toBe("apr_1");
  });
  it("a refused approval does not run", async () => {
    const script = scripted(json(hold), json({ state: "refused" }));
    await expect(client(script, { system: "s" }).tool("t", () => 1, { waitMs: 10_000 })({})).rejects.toBeInstanceOf(
      ApprovalRequired,
    );
  });
});

it("openai() points the official client at the gateway's port", () => {
  class Fake {
    readonly options: { apiKey: string; baseURL: string };
    constructor(options: { apiKey: string; baseURL: string }) {
      this.options = options;
    }
  }
  expect(client(scripted()).openai(Fake).options).toEqual({ apiKey: "tok", baseURL: "http://localhost:4601/v1" });
});

it("events survive any cut between bytes", async () => {
  const text =
    ': hello\r\n\r\nevent: change\r\ndata: {"kinds":["systems"],\r\ndata: "version":7}\r\n\r\nid: 4\ndata: €\n\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 1000]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
        controller.close();
      },
    });
    const events = [];
    for await (const event of readEvents(body)) events.push(event);
    expect(events).toEqual([
      { event: "change", data: { kinds: ["systems"], version: 7 }, id: null },
      { event: "message", data: "€", id: "4" },
    ]);
  }
});
