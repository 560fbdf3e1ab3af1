import { AppError } from "@mandate/model";
import type { SessionLabels } from "@mandate/model";
import type { ControlPort, HoldRequest, HoldTicket, SessionTaken, SpendResult } from "../control-port.ts";
import type { OfferedTool } from "../mcp/definitions.ts";
import type { LeaseAsk, LeaseGrant } from "../pipeline/lease.ts";
import type { GatewayLog } from "../options.ts";
import type { ProbeCall, ProbeMet } from "../probe/index.ts";
import type { Snapshot } from "../snapshot.ts";
import type { AddedLately, AddedLatency } from "../telemetry/added-times.ts";
import type { KeptSpan } from "../telemetry/spans-in/kept.ts";
import type { RunClaim } from "./run.ts";
import type { Slot } from "./slot.ts";
import { wireFormat } from "./formats.ts";
import { LineReader } from "./line-reader.ts";
import { joinParts, maxSkewMs, signRequest, unpackChange, unpackWhole } from "./wire.ts";
import type { ChangeMessage, Parted, SnapshotMessage, StreamMessage } from "./wire.ts";

export interface ControlLinkOptions {
  readonly slot: Slot;
  readonly run: RunClaim;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly log: GatewayLog;
  /** Somebody waits for the journal: resolves once it is pushed. */
  readonly onDrain: () => Promise<void>;
  /** Calls this gateway's own listener with keys that are there to be refused. */
  readonly onProbe: (calls: readonly ProbeCall[]) => Promise<readonly (ProbeMet | null)[]>;
}

type Report = Parameters<ControlPort["report"]>[0];

const askTimeoutMs = 10_000;
const sessionTimeoutMs = 3_000;
const reconnectMs = 500;
/** Three heartbeats missed: the line is dead, whatever TCP says. */
const silentMs = 3_000;
const reportEveryMs = 1_000;
/** Batches of spans under way; what comes meanwhile is dropped. */
const maxSendingSpans = 4;

/** The control plane as a stand-alone gateway sees it: one long answer carries snapshots and heartbeats, the rest is asked. */
export class ControlLink implements ControlPort {
  readonly #options: ControlLinkOptions;
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  readonly #reports = new Map<string, Report>();
  #snapshot: Snapshot | undefined;
  /** The same as it came, for the next change, and where it stands in the chain; null: whoever sent it knew no chain. */
  #held: { readonly parts: Parted; readonly chain: string | null } | undefined;
  #confirmedAt = 0;
  /** Smallest difference seen between receiving a heartbeat and its own clock: what is above it is delay. */
  #leastLagMs = Number.POSITIVE_INFINITY;
  /** Name of this run once the control plane took it; null: it counts none. */
  #run: Promise<string | null> | undefined;
  #fenced = false;
  #sendingSpans = 0;
  #giveSession: ((id: string) => SessionLabels | null) | undefined;
  #stop = new AbortController();
  #reporting: NodeJS.Timeout | undefined;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  get current(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Connects and stays connected until closed. */
  start(): void {
    void this.#stayConnected();
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#reporting);
  }

  subscribe(apply: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(apply);
    if (this.#snapshot !== undefined) apply(this.#snapshot);
    return () => void this.#listeners.delete(apply);
  }

  confirmedAt(): number {
    // Another process goes on under this name: no tier's bound is inside any more.
    return this.#fenced ? 0 : this.#confirmedAt;
  }

  openHold(hold: HoldRequest): Promise<HoldTicket> {
    return this.#ask<HoldTicket>("/api/v1/gateway/holds", hold);
  }

  spendApproval(id: string, callHash: string, system: string): Promise<SpendResult> {
    return this.#ask<SpendResult>("/api/v1/gateway/spend", { id, callHash, system });
  }

  readonly lease = (ask: LeaseAsk): Promise<LeaseGrant> => this.#ask<LeaseGrant>("/api/v1/gateway/leases", ask);

  /** Alone for a moment is soon enough: a caller waits. A control plane of the release before knows no such question. */
  async takeSession(id: string): Promise<SessionTaken> {
    return (await this.#send("POST", "/api/v1/gateway/take-session", { id }, await this.#claimedRun(), sessionTimeoutMs)) as SessionTaken;
  }

  answerSessions(give: (id: string) => SessionLabels | null): void {
    this.#giveSession = give;
  }

  /** Bounded and de-duplicated here; sent once a second. */
  report(finding: Report): void {
    if (this.#reports.size < 1000) this.#reports.set(finding.key, finding);
    this.#reporting ??= setTimeout(() => {
      this.#reporting = undefined;
      const findings = [...this.#reports.values()];
      this.#reports.clear();
      this.#ask("/api/v1/gateway/findings", { findings }).catch(() => {
        for (const one of findings) if (this.#reports.size < 1000) this.#reports.set(one.key, one);
      });
    }, reportEveryMs);
  }

  /** Sent at once; what is lost is seen again at the next call. */
  offered(server: string, tools: readonly OfferedTool[]): void {
    this.#ask("/api/v1/gateway/mcp-offers", { server, tools }).catch(() => undefined);
  }

  /** Sent at once; a control plane that can't be reached, or of the release before, goes without. */
  spans(system: string, spans: readonly KeptSpan[]): void {
    if (this.#sendingSpans >= maxSendingSpans) return;
    this.#sendingSpans += 1;
    void this.#ask("/api/v1/gateway/spans", { system, spans })
      .catch(() => undefined)
      .finally(() => (this.#sendingSpans -= 1));
  }

  /** What this gateway added to its calls lately. Sent at once; a control plane that can't be reached, or of the release before, goes without. */
  figures(added: AddedLatency & { readonly since: string; readonly kinds: AddedLately["kinds"] }): void {
    this.#ask("/api/v1/gateway/figures", { added }).catch(() => undefined);
  }

  /** A signed request; its JSON answer. @throws AppError with the control plane's own code, or `control_unavailable` (503) */
  async #ask<T>(path: string, body: unknown): Promise<T> {
    return (await this.request("POST", path, body)) as T;
  }

  async request(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
    return this.#send(method, path, body, await this.#claimedRun());
  }

  /** Asked for before anything else is: whoever isn't the one that counts writes nothing and reads nothing. */
  #claimedRun(): Promise<string | null> {
    this.#run ??= this.#options.run
      .begin((before, run) => this.#send("POST", "/api/v1/gateway/run", { before, run }, null).then(() => undefined))
      .catch((error: unknown) => {
        this.#run = undefined;
        // A control plane of the release before: it counts no runs.
        if (error instanceof AppError && error.status === 404) return null;
        throw error;
      });
    return this.#run;
  }

  async #send(method: "GET" | "POST", path: string, body: unknown, run: string | null, withinMs = askTimeoutMs): Promise<unknown> {
    const bytes = Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const response = await this.#fetch(method, path, bytes, run, AbortSignal.timeout(withinMs)).catch((cause: unknown) => {
      throw unavailable(cause);
    });
    const text = await response.text();
    if (response.ok) return text === "" ? undefined : (JSON.parse(text) as unknown);
    const problem = problemOf(response.status, text);
    if (problem.code === "gateways.fenced") this.#fence(problem);
    throw problem;
  }

  #fence(problem: AppError): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#stop.abort();
    this.#options.log.error("another process goes on as this gateway; every call is refused here", { why: problem.message });
  }

  #fetch(method: "GET" | "POST", path: string, body: Buffer, run: string | null, signal: AbortSignal): Promise<Response> {
    const { slot, now, random } = this.#options;
    const nonce = Buffer.from(random(new Uint8Array(16))).toString("base64url");
    return fetch(new URL(path, slot.controlUrl), {
      method,
      redirect: "error",
      headers: { ...(body.length > 0 ? { "content-type": "application/json" } : {}), ...signRequest(slot.keys.signing, slot.id, { method, path, body, atMs: now(), nonce, ...(run === null ? {} : { run }) }) },
      ...(body.length > 0 ? { body } : {}),
      signal,
    });
  }

  async #stayConnected(): Promise<void> {
    const { log } = this.#options;
    let told = false;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#listen(() => (told = false));
      } catch (error) {
        if (!told && !this.#stop.signal.aborted) {
          told = true;
          if (error instanceof AppError && error.code === "gateways.format") log.error("this gateway and its control plane are too far apart; it goes on inside each tier's staleness bound alone", { why: error.message });
          else log.warn("the control plane doesn't answer; calls go on inside their tier's staleness bound", { internal: String(error) });
        }
      }
      await new Promise((done) => setTimeout(done, reconnectMs).unref());
    }
  }

  async #listen(connected: () => void): Promise<void> {
    const line = new AbortController();
    const stop = (): void => line.abort();
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    let silence = setTimeout(stop, silentMs + askTimeoutMs);
    try {
      const response = await this.#fetch("GET", this.#streamPath(), Buffer.alloc(0), await this.#claimedRun(), line.signal);
      if (response.status !== 200 || response.body === null) {
        const problem = problemOf(response.status, await response.text());
        if (problem.code === "gateways.fenced") this.#fence(problem);
        throw problem;
      }
      connected();
      const reader = new LineReader();
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        clearTimeout(silence);
        silence = setTimeout(stop, silentMs);
        for (const text of reader.push(part)) await this.#take(JSON.parse(text) as StreamMessage);
      }
      throw new Error("the control plane ended the stream");
    } finally {
      clearTimeout(silence);
      this.#stop.signal.removeEventListener("abort", stop);
      line.abort();
    }
  }

  #streamPath(): string {
    const held = this.#held;
    const chain = held?.chain == null ? "" : `&chain=${held.chain}`;
    return `/api/v1/gateway/stream?version=${this.#snapshot?.version ?? -1}&format=${wireFormat}&sessions=1&probes=1${chain}`;
  }

  async #take(message: StreamMessage): Promise<void> {
    switch (message.type) {
      case "snapshot":
        return this.#whole(message);
      case "change":
        return this.#change(message);
      case "confirm":
        return this.#confirm(message);
      case "session":
        // Not waited for: what comes after it on the stream has nothing to do with it.
        this.#ask("/api/v1/gateway/session", { ask: message.ask, labels: this.#giveSession?.(message.id) ?? null }).catch(() => undefined);
        return;
      case "probe":
        // Not waited for either: heartbeats come meanwhile.
        void this.#options.onProbe(message.calls).then((met) => this.#ask("/api/v1/gateway/probed", { ask: message.ask, met })).catch(() => undefined);
        return;
      case "drain":
        await this.#options.onDrain();
        await this.#ask("/api/v1/gateway/ack", { drained: message.id });
    }
  }

  #whole(message: SnapshotMessage): Promise<void> {
    const { slot } = this.#options;
    return this.#enforce(unpackWhole(message, slot.id, slot.keys, slot.controlKey), message.version, message.chain ?? null);
  }

  /** A gateway that missed a change asks for the whole: what it holds is whole and signed, or it isn't enforced. */
  #change(message: ChangeMessage): Promise<void> {
    const { slot, log } = this.#options;
    const held = this.#held;
    if (held === undefined || held.chain !== message.base) {
      this.#held = undefined;
      log.warn("a change of the register was missed; the whole is asked for", { version: message.version });
      throw new Error("the change follows another snapshot than the one held");
    }
    try {
      return this.#enforce(unpackChange(message, held.parts, slot.id, slot.keys, slot.controlKey), message.version, message.chain);
    } catch (error) {
      this.#held = undefined;
      throw error;
    }
  }

  async #enforce(parts: Parted, version: number, chain: string | null): Promise<void> {
    // Never backward: an old snapshot sent again must not bring back what was taken away.
    if (this.#snapshot !== undefined && version < this.#snapshot.version) return;
    const snapshot = joinParts(parts);
    this.#snapshot = snapshot;
    this.#held = { parts, chain };
    for (const apply of this.#listeners) apply(snapshot);
    await this.#ask("/api/v1/gateway/ack", chain === null ? { version } : { version, chain });
  }

  /**
   * INVARIANT (G2): a heartbeat that was held back confirms nothing new. How late it comes is judged against the
   * fastest one so far, because two clocks never quite agree.
   */
  #confirm({ version, chain, at, ageMs }: Extract<StreamMessage, { type: "confirm" }>): void {
    const { now, log } = this.#options;
    if (version !== this.#snapshot?.version || (chain !== undefined && chain !== this.#held?.chain)) return;
    const lagMs = now() - at;
    if (Math.abs(lagMs) > maxSkewMs) return log.error("this machine's clock and the control plane's differ by more than 30 s; nothing is confirmed", { lagMs });
    this.#leastLagMs = Math.min(this.#leastLagMs, lagMs);
    this.#confirmedAt = Math.max(this.#confirmedAt, now() - ageMs - (lagMs - this.#leastLagMs));
  }
}

function unavailable(cause: unknown): AppError {
  return new AppError({ code: "control_unavailable", status: 503, message: "The control plane can't be asked right now.", cause, remedies: [{ text: "Repeat the call shortly." }] });
}

function problemOf(status: number, text: string): AppError {
  try {
    const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
    if (typeof code === "string" && status < 500) return new AppError({ code, status, message: String(detail ?? code), remedies: [{ text: "Look at the control plane's answer." }] });
  } catch {
    // Not a problem document: a proxy's page, or nothing.
  }
  return unavailable(new Error(`status ${status}`));
}
