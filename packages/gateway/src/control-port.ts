import type { DecisionRequest, HoldTerms, SessionLabels } from "@mandate/model";
import type { Lease } from "./pipeline/lease.ts";
import type { OfferedTool } from "./mcp/definitions.ts";
import type { Snapshot } from "./snapshot.ts";
import type { KeptSpan } from "./telemetry/spans-in/kept.ts";

/**
 * What a gateway needs of its control plane. In one process it is a direct call; between machines it is the control
 * stream. Only holds and findings go through it at call time; everything else is in the snapshot.
 */
export interface ControlPort {
  /** Calls back with the current snapshot at once, then on each change; resolves its promise = this gateway enforces it. */
  subscribe(apply: (snapshot: Snapshot) => void): () => void;
  /** Epoch milliseconds when the control plane last confirmed that the held snapshot is current (G2 heartbeat). */
  confirmedAt(): number;
  /** Opens a hold bound to `callHash`, or returns the one already open for it. Throws AppError control_unavailable. */
  openHold(hold: HoldRequest): Promise<HoldTicket>;
  /**
   * Spends an approval for exactly this call: one compare-and-set, so two repeats can't both pass.
   * `approved` at most once for each approval.
   */
  spendApproval(id: string, callHash: string, system: string): Promise<SpendResult>;
  /** Something a person should look at (unlisted field, unlisted served model). Never throws; de-duplicated by `key`. */
  report(finding: { key: string; system: string; kind: string; title: string; detail: string; change?: ObservedChange }): void;
  /** A slice of a limit that this gateway shares with others. Rejects while nobody can be asked. Absent: it shares none. */
  readonly lease?: Lease;
  /** Asks all other gateways what a session has seen; each of them asks in turn before it decides on it again. Absent: there are none. */
  takeSession?(id: string): Promise<SessionTaken>;
  /** Who answers that question here. */
  answerSessions?(give: (id: string) => SessionLabels | null): void;
  /** What an MCP server offers now, where that differs from what the snapshot says. Never throws. Absent: nobody listens. */
  offered?(server: string, tools: readonly OfferedTool[]): void;
  /** Spans that a system reported of itself: its own word, for its conversations' timelines. Never throws. Absent: nobody keeps them. */
  spans?(system: string, spans: readonly KeptSpan[]): void;
}

export interface SessionTaken {
  /** Of all that knew it together; null: nobody does. */
  readonly labels: SessionLabels | null;
  /** Everybody who may know it answered. */
  readonly complete: boolean;
}

/** Something that the authorized version doesn't hold: re-opens its authorization. */
export interface ObservedChange {
  readonly trigger: "model-version" | "tool-definition" | "prompt" | "refused-attempt";
  /** `served:MODEL ID`, `prompt:NAME`, `destination:NAME`, `data`. Bounded by whoever reports it. */
  readonly subject: string;
  readonly old: string;
  readonly new: string;
}

export interface HoldRequest {
  readonly decisionId: string;
  readonly system: string;
  readonly action: string;
  readonly resource: string;
  /** Hex SHA-256 over system, action, resource and the RFC 8785 form of the exact arguments (or request bytes). */
  readonly callHash: string;
  readonly rules: readonly string[];
  readonly terms: HoldTerms;
  readonly reason: string;
  /** E-mail of the credential's accountable person: never among the approvers. */
  readonly requester: string;
  readonly credentialId: string;
  /** The exact arguments shown to the approver. */
  readonly input: Readonly<Record<string, unknown>> | null;
  readonly request: Pick<DecisionRequest, "purpose" | "labels">;
}

export interface HoldTicket {
  readonly id: string;
  readonly url: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

export type SpendResult =
  | { readonly state: "approved"; readonly rules: readonly string[]; readonly by: readonly string[] }
  | {
      readonly state: "pending" | "refused" | "lapsed" | "spent" | "mismatch" | "unknown";
      readonly reason: string | null;
      readonly ticket: HoldTicket | null;
    };
