/**
 * One proxy under measurement: `bare`, `sealing` (bare, with the evidence that SPEC asks for and nothing else), `null` (our
 * gateway without evidence), `evidence` (with its journal). A third argument names the system's tier.
 */
import { createHash, hash, randomFillSync } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { createGateway, createGatewayServer, type EvidenceSink, JournalSink } from "@mandate/gateway";
import { openTestJournal, testDirectory } from "../../packages/gateway/src/evidence/test-journal.ts";
import { testFacts, testKey, testModel, testSnapshot, testSystem, testTool } from "../../packages/gateway/src/testing/facts.ts";
import { definition, pinned } from "./tool-server.ts";

const [kind, upstreamPort, tier = "T2"] = process.argv.slice(2) as [string, string, "T0" | "T2" | undefined];
const endpoint = `http://127.0.0.1:${upstreamPort}/v1`;
let cleanup: () => void = () => undefined;

/** Intent and outcome of one call, as large as the gateway's own. */
interface Record {
  intent(body: Buffer): Promise<unknown>;
  outcome(answer: Buffer): Promise<unknown>;
}

/**
 * What any checking proxy must do: read, parse, hash the key, look at the text, send on. No rules; with `record`, no
 * other record than the two that a call needs.
 */
function bare(record?: Record): RequestListener {
  const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256, pipelining: 1 });
  const known = new Set([createHash("sha256").update(testKey).digest("hex")]);
  const scan = /\b(?:sk-[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|[\w.+-]+@[\w-]+\.[\w.]+)\b/g;
  return (req, res) => {
    const parts: Buffer[] = [];
    req.on("data", (part: Buffer) => parts.push(part));
    req.on("end", () => {
      if (!known.has(hash("sha256", (req.headers.authorization ?? "").slice(7), "hex")))
        return void res.writeHead(401).end();
      const body = Buffer.concat(parts);
      const parsed = JSON.parse(body.toString()) as { messages?: { content: string }[] };
      let found = 0;
      for (const message of parsed.messages ?? []) found += message.content.match(scan)?.length ?? 0;
      if (found > 1000) return void res.writeHead(400).end();
      const answer: Buffer[] = [];
      let status = 502;
      const send = (): void => void pool.dispatch(
        { path: req.url!, method: "POST", headers: { "content-type": "application/json" }, body },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_control, code) => void (status = code),
          onResponseData: (_control, chunk) => void answer.push(chunk),
          onResponseEnd: () => {
            const bytes = Buffer.concat(answer);
            const reply = (): void =>
              void res.writeHead(status, { "content-type": "application/json", "content-length": bytes.length }).end(bytes);
            if (record === undefined) reply();
            else void record.outcome(bytes).then(reply);
          },
          onResponseError: () => void res.writeHead(502).end(),
        },
      );
      if (record === undefined) send();
      else void record.intent(body).then(send);
    });
  };
}

/** Sealed, flushed before it goes on: G3's two entries by the product's own sealer and journal. */
function recordIn(sink: EvidenceSink): Record {
  let count = 0;
  const open: string[] = [];
  const draft = (decisionId: string, messages: readonly Buffer[]) => ({
    decisionId,
    system: "support-concierge",
    policyVersion: "00000000000000000000000000000000",
    registerVersion: 1,
    outcome: "allow" as const,
    approvals: [],
    retention: "T2" as const,
    payload: { text: "x".repeat(560) },
    messages,
    sessionId: null,
  });
  return {
    intent: (body) => {
      const decisionId = `dec_${(count += 1)}`;
      open.push(decisionId);
      return sink.intent({ ...draft(decisionId, [body]), type: "call.intent", context: { text: "x".repeat(930) } });
    },
    outcome: (answer) => sink.outcome({ ...draft(open.shift()!, [answer]), type: "call.outcome", context: null, terminal: "done" }),
  };
}

function journaled(): EvidenceSink {
  const directory = testDirectory();
  const { journal, sealer } = openTestJournal(directory, { maxBytes: 8 * 1024 ** 3, maxSystemBytes: 8 * 1024 ** 3 });
  // As the sequencer does: what is taken may go.
  setInterval(() => void journal.acknowledge(journal.size(), journal.size()), 500).unref();
  cleanup = () => rmSync(directory, { recursive: true, force: true });
  return new JournalSink(journal, sealer);
}

function governed(evidence: EvidenceSink): Server {
  const base = testSystem(tier);
  const tool = testTool("find_order", { names: ["find_order"], server: "orders", pinned: pinned.hash, definition });
  const system = testSystem(tier, {
    parameters: { ...base.parameters, stalenessSeconds: 86_400 },
    grants: { ...base.grants, tools: [tool.name] },
  });
  const snapshot = testSnapshot(
    testFacts(
      endpoint,
      { ...system, authorization: { ...system.authorization!, starts: 0, ends: 4_000_000_000 } },
      {
        models: [testModel(endpoint, { upstream: "gpt-bench", served: ["gpt-bench"] })],
        tools: [tool],
        mcpServers: [{ name: "orders", url: `http://127.0.0.1:${upstreamPort}/mcp`, vendor: null, region: "EEA", credential: null }],
      },
    ),
    {},
  );
  const credentials = snapshot.credentials.map((credential) => ({ ...credential, notAfter: 4_000_000_000 }));
  const gateway = createGateway({
    control: {
      subscribe: (apply) => {
        apply({ ...snapshot, credentials });
        return () => undefined;
      },
      confirmedAt: () => Date.now(),
      openHold: () => Promise.reject(new Error("no holds in a benchmark")),
      spendApproval: () => Promise.resolve({ state: "unknown", reason: null, ticket: null }),
      report: () => undefined,
    },
    evidence,
    clock: Date.now,
    random: (bytes) => randomFillSync(bytes),
    log: { warn: console.error, error: console.error },
  });
  return createGatewayServer(gateway);
}

/** Exists here alone: the product always writes. */
const nowhere: EvidenceSink = {
  intent: async () => ({ log: "", index: 0 }),
  outcome: async () => ({ log: "", index: 0 }),
  decision: async () => ({ log: "", index: 0 }),
  ready: () => true,
};

let server: Server;
if (kind === "bare") server = createServer(bare());
else if (kind === "sealing") server = createServer(bare(recordIn(journaled())));
else server = governed(kind === "null" ? nowhere : journaled());
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on("message", (message) => {
  if (message === "usage") process.send!({ usage: process.cpuUsage() });
  else {
    cleanup();
    process.exit(0);
  }
});
