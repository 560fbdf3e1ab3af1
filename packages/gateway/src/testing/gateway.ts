import { createHash, randomFillSync } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, type Terminal } from "@mandate/model";
import type { ControlPort, HoldRequest, SpendResult } from "../control-port.ts";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";
import { createGateway } from "../gateway.ts";
import type { Gateway, GatewayLimits } from "../options.ts";
import { createGatewayServer } from "../server.ts";
import type { OfferedTool } from "../mcp/definitions.ts";
import type { Snapshot } from "../snapshot.ts";
import type { KeptSpan, Telemetry } from "../telemetry/index.ts";
import { testKey, testNowMs } from "./facts.ts";

/** Evidence in memory, for tests alone. */
export class MemoryEvidence implements EvidenceSink {
  readonly entries: EntryDraft[] = [];
  failing = false;
  /** Held back until released: shows what waits for durability. */
  gate: Promise<void> | null = null;

  /** Entries that the gate holds back. */
  waiting = 0;

  async #write(draft: EntryDraft) {
    this.waiting++;
    await this.gate;
    this.waiting--;
    if (this.failing)
      throw new AppError({ code: "evidence_unavailable", status: 503, message: "The journal is full." });
    this.entries.push(draft);
    return { log: "test", index: this.entries.length - 1 };
  }

  intent(draft: EntryDraft) {
    return this.#write(draft);
  }

  outcome(draft: EntryDraft & { readonly terminal: Terminal }) {
    return this.#write(draft);
  }

  decision(draft: EntryDraft) {
    return this.#write(draft);
  }

  ready(): boolean {
    return !this.failing;
  }

  of(type: EntryDraft["type"]): EntryDraft[] {
    return this.entries.filter((entry) => entry.type === type);
  }

  /** The one terminal of the only call so far. */
  terminals(): (Terminal | undefined)[] {
    return this.of("call.outcome").map((entry) => entry.terminal);
  }
}

/** A control plane in memory: approvals are decided by the test. */
export class MemoryControl implements ControlPort {
  #apply: ((snapshot: Snapshot) => void) | undefined;
  #snapshot: Snapshot;
  confirmed = testNowMs;
  readonly holds = new Map<string, HoldRequest & { state: SpendResult["state"] }>();
  readonly findings: { key: string; kind: string }[] = [];
  /** Spans that systems reported of themselves. */
  readonly reported: { system: string; span: KeptSpan }[] = [];
  /** What MCP servers were seen to offer. */
  readonly offers: { server: string; tools: readonly OfferedTool[] }[] = [];

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  subscribe(apply: (snapshot: Snapshot) => void) {
    this.#apply = apply;
    apply(this.#snapshot);
    return () => (this.#apply = undefined);
  }

  publish(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#apply?.(snapshot);
  }

  confirmedAt(): number {
    return this.confirmed;
  }

  async openHold(hold: HoldRequest) {
    for (const [id, open] of this.holds)
      if (open.callHash === hold.callHash && open.state === "pending") return this.#ticket(id);
    const id = `apr_${this.holds.size + 1}`;
    this.holds.set(id, { ...hold, state: "pending" });
    return this.#ticket(id);
  }

  async spendApproval(id: string, callHash: string, system: string): Promise<SpendResult> {
    const hold = this.holds.get(id);
    if (hold === undefined) return { state: "unknown", reason: null, ticket: null };
    if (hold.callHash !== callHash || hold.system !== system) return { state: "mismatch", reason: null, ticket: null };
    if (hold.state === "approved") {
      hold.state = "spent";
      return { state: "approved", rules: hold.rules, by: ["lea@halden.example"] };
    }
    return { state: hold.state, reason: "not now", ticket: hold.state === "pending" ? this.#ticket(id) : null };
  }

  decide(id: string, state: "approved" | "refused"): void {
    this.holds.get(id)!.state = state;
  }

  spans(system: string, spans: readonly KeptSpan[]): void {
    this.reported.push(...spans.map((span) => ({ system, span })));
  }

  report(finding: { key: string; kind: string }): void {
    if (!this.findings.some((known) => known.key === finding.key)) this.findings.push(finding);
  }

  offered(server: string, tools: readonly OfferedTool[]): void {
    this.offers.push({ server, tools });
  }

  #ticket(id: string) {
    return { id, url: `http://localhost:4600/approve/${id}`, expiresAt: new Date(testNowMs + 1_800_000).toISOString() };
  }
}

export interface TestGateway {
  readonly url: string;
  readonly port: number;
  readonly gateway: Gateway;
  readonly server: Server;
  readonly evidence: MemoryEvidence;
  readonly control: MemoryControl;
  readonly clock: { nowMs: number };
  readonly logged: string[];
  /** A call with the test key. */
  call(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<TestReply>;
  close(): Promise<void>;
}

export interface TestReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Replies are read member by member; a schema here would hide what was really sent.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export async function startTestGateway(
  snapshot: Snapshot,
  { telemetry, ...more }: { limits?: Partial<GatewayLimits>; mcpProcesses?: boolean; telemetry?: Telemetry; elapsed?: () => number } = {},
): Promise<TestGateway> {
  const evidence = new MemoryEvidence();
  const control = new MemoryControl(snapshot);
  const clock = { nowMs: testNowMs };
  const logged: string[] = [];
  const gateway = createGateway({
    control,
    evidence: telemetry?.traced(evidence) ?? evidence,
    sampling: telemetry?.settings ?? null,
    clock: () => clock.nowMs,
    random: (bytes) => randomFillSync(bytes),
    log: {
      warn: (event, details) => logged.push(`${event} ${JSON.stringify(details)}`),
      error: (event, details) => logged.push(`${event} ${JSON.stringify(details)}`),
    },
    sessionKey: createHash("sha256").update("test").digest(),
    ...more,
  });
  const server = createGatewayServer(gateway);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    gateway,
    server,
    evidence,
    control,
    clock,
    logged,
    call: async (path, body, headers = {}) => {
      const response = await fetch(`${url}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${testKey}`, "content-type": "application/json", ...headers },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
      });
      const text = await response.text();
      let parsed: unknown = null;
      try {
        parsed = JSON.parse(text);
      } catch {
        parsed = null;
      }
      return { status: response.status, headers: response.headers, text, body: parsed };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      await gateway.close();
    },
  };
}
