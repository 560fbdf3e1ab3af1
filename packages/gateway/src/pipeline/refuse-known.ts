import type { Decision, DecisionRequest, SystemFacts } from "@mandate/model";
import type { CallingCredential } from "../auth/authenticate.ts";
import type { User } from "../auth/user-token.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { type Refusal, refuse } from "../http/refusal.ts";
import { isPlanted } from "../probe/unlogged.ts";
import { refusedDraft } from "./record.ts";
import type { Runtime } from "./runtime.ts";

/** A caller whose key we know: whatever happens to the call from here on is recorded. */
export interface Known {
  readonly exchange: Exchange;
  readonly compiled: Compiled;
  readonly system: SystemFacts | null;
  readonly credential: CallingCredential;
  readonly surface: string;
  action: string;
  resource: string;
  record?: {
    readonly decision: Decision;
    readonly request: DecisionRequest;
    readonly messages: readonly Uint8Array[];
    readonly sessionId: string | null;
    readonly user?: User | null;
  };
}

export const evidenceRefusal: Refusal = refuse(
  "evidence_unavailable",
  "The call could not be recorded, and nothing runs without a record.",
  "Repeat the call shortly; the person who runs Mandate sees why.",
);

/** Records the refusal, then answers it. A refusal that can't be recorded is answered as our own fault. */
export async function refuseKnown(runtime: Runtime, known: Known, refusal: Refusal): Promise<void> {
  const { exchange } = known;
  try {
    await runtime.options.evidence.decision(
      refusedDraft({
        exchange,
        compiled: known.compiled,
        system: known.system,
        credential: known.credential,
        surface: known.surface,
        action: known.action,
        resource: known.resource,
        refusal,
        decision: known.record?.decision ?? null,
        request: known.record?.request ?? null,
        messages: known.record?.messages ?? [],
        sessionId: known.record?.sessionId ?? null,
        user: known.record?.user ?? null,
        nowMs: runtime.now(),
      }),
    );
  } catch (error) {
    noteUnwritten(runtime, exchange.decisionId, error);
    exchange.refuse(
      refuse(
        "evidence_unavailable",
        "The call was refused, and even that could not be recorded.",
        "Repeat the call shortly; the person who runs Mandate sees why.",
      ),
    );
    return;
  }
  exchange.refuse(refusal);
}

/** G2: a gateway that has not heard of its register for longer than a tier's bound refuses that tier. */
export function stalenessRefusal(runtime: Runtime, system: SystemFacts): Refusal | null {
  const ageMs = runtime.now() - runtime.options.control.confirmedAt();
  const boundMs = system.parameters.stalenessSeconds * 1000;
  if (ageMs <= boundMs && ageMs >= -30_000) return null;
  return {
    ...refuse(
      "control_unavailable",
      `This gateway last heard of the register longer ago than the ${boundMs / 1000} seconds that ${system.tier} allows.`,
      "Repeat the call shortly; the person who runs Mandate sees why.",
    ),
    retryAfterSeconds: 2,
  };
}

/** Tells the operator of a decision that could not be written. */
export function noteUnwritten(runtime: Runtime, decision: string, error: unknown): void {
  if (!isPlanted(error)) runtime.options.log.error("evidence.decision_failed", { decision, error: String(error) });
}

/** A system that may do nothing at all now, told where no rule is asked: what it lacks, or what changed, is the `param`. */
export function operatingRefusal(system: SystemFacts): Refusal | null {
  if (system.status !== "refused") return null;
  const code = system.statusCode ?? "not_authorized";
  const next = { text: "See what is missing.", command: `mandate get system/${system.name}` };
  if (code !== "reassessment_required") return refuse(code, `${system.title} may not operate now.`, next, system.missing.at(0) ?? null);
  return refuse(
    code,
    `${system.title} changed beyond what was authorized, and nobody has decided on it.`,
    { text: "Have its open reassessment decided.", command: `mandate reassessment list --system ${system.name}` },
    system.differences.at(0) ?? "authorization",
  );
}
