import type { Refusal } from "../http/refusal.ts";
import type { TokenUsage, ToolCall } from "../surfaces/surface.ts";
import { type AnswerChecker, decideAgain } from "./answer-checker.ts";
import type { Call, ContentCheck } from "./call.ts";
import { type Held, heldCallHash, openHold, spend } from "./holds.ts";
import type { Runtime } from "./runtime.ts";

/** A model's answer with tool calls in it that wait for a person. */
export interface HeldAnswer {
  readonly held: readonly { readonly call: ToolCall; readonly held: Held }[];
  /** Every tool call of the answer, held or not. */
  readonly calls: readonly ToolCall[];
  readonly checker: AnswerChecker;
  readonly status: number | null;
  readonly contentType: string | undefined;
  readonly usage: TokenUsage | null;
  readonly check: ContentCheck;
  /** Null: more than can be kept. */
  readonly body: Buffer | null;
}

/**
 * Spends the approval that came with the request where it fits; otherwise asks for one and keeps the answer.
 * @returns `spent`: the answer may go, on this approval; else why it may not
 */
export async function settleHeldAnswer(
  runtime: Runtime,
  call: Call,
  answer: HeldAnswer,
): Promise<{ readonly spent: string } | { readonly refusal: Refusal }> {
  const { system, credential, requestHash, exchange, approvalId, surface } = call;
  const held = answer.held.map((one) => one.held);
  const callHash = heldCallHash(system.name, requestHash, held);
  if (approvalId !== null) {
    const result = await spend(runtime, approvalId, callHash, system.name, held[0]!.decision);
    if ("spent" in result) {
      const refusal = decideAgain(
        answer.checker,
        answer.held.map((one) => one.call),
        result.spent,
      );
      return refusal === null ? { spent: approvalId } : { refusal };
    }
    if (!result.again) return { refusal: result.refusal };
  }
  const opened = await openHold(
    runtime,
    {
      decisionId: exchange.decisionId,
      system: system.name,
      requester: credential.accountable,
      credentialId: credential.id,
      callHash,
    },
    held,
  );
  if (opened.ticket !== null && answer.body !== null) {
    runtime.answers.put(
      opened.ticket.id,
      {
        system: system.name,
        surface: surface.name,
        requestHash,
        callHash,
        status: answer.status ?? 200,
        contentType: answer.contentType ?? "application/json",
        calls: answer.calls,
        served: answer.checker.served,
        usage: answer.usage,
        check: answer.check,
        expiresAtMs: Date.parse(opened.ticket.expiresAt),
      },
      answer.body,
    );
  }
  return { refusal: opened.refusal };
}
