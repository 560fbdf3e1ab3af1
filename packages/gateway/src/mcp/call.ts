import { hash } from "node:crypto";
import type { SessionLabels, Terminal, ToolFacts } from "@mandate/model";
import { labelsFromMessages } from "@mandate/policy";
import { joinLabels } from "../auth/session-token.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import type { ContentCheck } from "../pipeline/call.ts";
import { evidenceRefusal } from "../pipeline/refuse-known.ts";
import type { RunningCall } from "../pipeline/runtime.ts";
import type { Members } from "../surfaces/fields.ts";
import { checkContent, type MaskRecord } from "./content.ts";
import type { McpContext } from "./context.ts";
import { idKey, type RpcId, rpcResult } from "./json-rpc.ts";
import { intentOf, outcomeOf, type Subject } from "./record.ts";
import { mcpRefusal } from "./refusal-reply.ts";
import type { PendingCall } from "./sessions.ts";

export const notRun: ContentCheck = { result: "not_run", detectors: {}, types: [], chars: 0 };
const incomplete: ContentCheck = { ...notRun, result: "incomplete" };

export const brokenOff = refuse("upstream_unreachable", "The MCP server's answer broke off.", "Repeat the call; if it stays so, ask the server's owner.");
const unrecorded = refuse("evidence_unavailable", "The answer could not be recorded, so it was withheld.", "Repeat the call shortly; the person who runs Mandate sees why.");

export interface CallInit {
  readonly subject: Subject;
  /** What answers; null: the connection alone. */
  readonly tool: ToolFacts | null;
  /** Null: a stream that answers nothing itself. */
  readonly id: RpcId | null;
  readonly approvals: readonly string[];
  /** Makes of the server's result what the client may see. */
  readonly transform?: (result: Members) => Members | { refusal: Refusal };
  readonly settle: () => void;
}

/**
 * One message to a server, governed from its intent to its one terminal record. Its answer may come on the stream it was
 * asked on or, after a break, on another.
 */
export class McpCall implements RunningCall, PendingCall {
  readonly #context: McpContext;
  readonly #init: CallInit;
  #state: "open" | "closing" | "closed" = "open";
  #timer: NodeJS.Timeout | undefined;
  /** Among the calls that run. */
  #place: number | undefined;
  status: number | null = null;
  releasedBytes: () => number = () => 0;
  /** Ends what the call holds open; told with the refusal that its client should read, if any. */
  onCut: (refusal: Refusal | null) => void = () => undefined;
  readonly done: Promise<void>;
  #settled: () => void = () => undefined;
  readonly system: string;
  readonly credentials: readonly string[];
  readonly model = "";
  readonly tools: readonly string[];

  constructor(context: McpContext, init: CallInit) {
    this.#context = context;
    this.#init = init;
    this.system = context.system.name;
    this.tools = init.tool === null ? [] : [init.tool.name];
    this.credentials = [context.credential.id, ...(context.credential.token?.chain.slice(1) ?? [])];
    this.done = new Promise((resolve) => (this.#settled = resolve));
  }

  get open(): boolean {
    return this.#state === "open";
  }

  get id(): RpcId | null {
    return this.#init.id;
  }

  get request(): Subject["request"] {
    return this.#init.subject.request;
  }

  /** @returns false: the intent could not be written, and nothing may go upstream (G3) */
  async begin(): Promise<boolean> {
    const { runtime, exchange } = this.#context;
    try {
      await runtime.options.evidence.intent(intentOf(this.#context, this.#init.subject, this.#init.approvals));
    } catch (error) {
      runtime.options.log.error("evidence.intent_failed", { decision: exchange.decisionId, error: String(error) });
      this.#close();
      exchange.refuse(evidenceRefusal);
      return false;
    }
    const stopped = runtime.stopOf(this);
    if (stopped !== null) {
      await this.stop("blocked", stopped);
      exchange.refuse(stopped);
      return false;
    }
    this.#place = runtime.running.add(this);
    const { id } = this.#init;
    if (id !== null) this.#context.session?.pending.set(idKey(id), this);
    this.#timer = setTimeout(() => this.onCut(refuse("upstream_timeout", "The MCP server did not answer in time.", "Repeat the call, or ask the server's owner.")), runtime.limits.callMs);
    return true;
  }

  /** A lasting stream ends in time as if its server had ended it: its client comes back, with a key that still counts (G5). */
  endsQuietly(end: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(end, this.#context.runtime.limits.callMs);
  }

  /** The server's response to this call, whole. Outcome before reply. */
  async answer(response: Members, deliver: (message: Members) => void): Promise<void> {
    const { id } = this.#init;
    if (this.#state !== "open" || id === null) return;
    this.#state = "closing";
    const looked = this.#look(response);
    if (looked.refusal !== null) return this.#end("blocked", looked.refusal, looked.check, null, () => deliver(this.said(looked.refusal!)), deliver);
    const results = this.#init.tool === null || looked.message.result === undefined ? [] : this.#emitted(looked.message.result as Members, looked.classes);
    await this.#end("done", null, looked.check, { message: looked.message, results, masked: looked.masked }, () => deliver(looked.message), deliver);
  }

  /** Ends without an answer. @param deliver absent: nobody is there to read it */
  async stop(terminal: Terminal, refusal: Refusal | null, deliver?: (message: Members) => void): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closing";
    const tell = (): void => {
      if (refusal !== null && deliver !== undefined) deliver(this.said(refusal));
    };
    await this.#end(terminal, refusal, incomplete, null, tell, deliver);
  }

  /** A stream's own end, or a message that is not answered. */
  async finish(check: ContentCheck = notRun): Promise<boolean> {
    if (this.#state !== "open") return false;
    this.#state = "closing";
    let written = true;
    await this.#end("done", null, check, null, () => undefined, () => (written = false));
    return written;
  }

  cut(refusal: Refusal): void {
    this.onCut(refusal);
  }

  /** Its client went away and its answer will never be asked for. */
  expire(): void {
    void this.stop("aborted", null);
  }

  said(refusal: Refusal): Members {
    const { exchange } = this.#context;
    return mcpRefusal({ ...exchange.mcp!, id: this.#init.id }, refusal, exchange.links).body;
  }

  #look(response: Members): { message: Members; check: ContentCheck; refusal: Refusal | null; classes: readonly string[]; masked: MaskRecord | null } {
    const { subject, transform, id } = this.#init;
    let message = response;
    if (transform !== undefined && response.result !== undefined) {
      const made = transform(response.result as Members);
      if ("refusal" in made) return { message, check: incomplete, refusal: made.refusal as Refusal, classes: [], masked: null };
      message = rpcResult(id!, made);
    }
    const { request } = subject;
    if (request === null) return { message, check: notRun, refusal: null, classes: [], masked: null };
    const checked = checkContent(this.#context, request, subject.decision, message, "The MCP server's answer");
    return { message: checked.value, check: checked.check, refusal: checked.refusal, classes: checked.classes, masked: checked.masked };
  }

  /** What the session has now seen, and the hashes that tell when it comes back. */
  #emitted(result: Members, classes: readonly string[]): readonly string[] {
    const { runtime, system, compiled, labelled, exchange } = this.#context;
    const { tool } = this.#init;
    const turn = { role: "tool" as const, text: "", toolName: tool!.name };
    let labels: SessionLabels = labelsFromMessages([turn], system, compiled.snapshot.facts);
    labels = joinLabels(labels, { maxSensitivity: "public", untrusted: false, residency: [], classes, purposes: null });
    // Bytes that no detector reads may hold anything the boundary allows.
    if (holdsBytes(result)) labels = joinLabels(labels, { maxSensitivity: system.boundary.sensitivity, untrusted: true, residency: [], classes: [], purposes: null });
    if (labelled !== null) {
      const token = runtime.sessions.close(labelled, labels, system.name);
      if (exchange.req.headers["x-mandate-session"] !== undefined) exchange.sessionToken = token;
    }
    return runtime.mcp.emitted.add(system.name, result, labels);
  }

  async #end(
    terminal: Terminal,
    refusal: Refusal | null,
    check: ContentCheck,
    answered: { readonly message: Members; readonly results: readonly string[]; readonly masked: MaskRecord | null } | null,
    tell: () => void,
    deliver: ((message: Members) => void) | undefined,
  ): Promise<void> {
    const { runtime, exchange, session } = this.#context;
    exchange.time.run();
    const { subject, approvals, id } = this.#init;
    clearTimeout(this.#timer);
    if (id !== null) session?.pending.delete(idKey(id));
    let said = tell;
    try {
      await runtime.options.evidence.outcome(
        outcomeOf(this.#context, subject, approvals, {
          terminal,
          refusal,
          status: this.status,
          check,
          answer: answered === null ? null : Buffer.from(JSON.stringify(answered.message), "utf8"),
          results: answered?.results ?? [],
          masked: answered?.masked ?? null,
          releasedBytes: this.releasedBytes(),
        }),
      );
    } catch (error) {
      runtime.options.log.error("evidence.outcome_failed", { decision: exchange.decisionId, error: String(error) });
      said = () => deliver?.(this.said(unrecorded));
    }
    // What raised the session's labels is told to nobody before every gateway decides with them.
    const { labelled } = this.#context;
    if (labelled !== null) await runtime.sessions.shared(labelled.id);
    if (this.#place !== undefined) runtime.running.remove(this.#place);
    this.#place = undefined;
    this.#close();
    said();
  }

  #close(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
    this.#init.settle();
    this.#settled();
  }
}

function holdsBytes(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsBytes);
  if (typeof value !== "object" || value === null) return false;
  const record = value as Record<string, unknown>;
  return (typeof record.mimeType === "string" && (typeof record.data === "string" || typeof record.blob === "string")) || Object.values(record).some(holdsBytes);
}

/** Hex SHA-256 of a message as it was read. */
export function requestHashOf(message: Members): string {
  return hash("sha256", JSON.stringify(message), "hex");
}
