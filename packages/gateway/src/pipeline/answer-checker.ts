import type { DecisionRequest, ToolFacts } from "@mandate/model";
import { argumentsFromUser } from "@mandate/policy";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import { parseStrictArguments } from "../json/strict-json.ts";
import { echo, stringsIn } from "../surfaces/fields.ts";
import type { ToolCall } from "../surfaces/surface.ts";
import type { Call, ToolDecision } from "./call.ts";
import type { Held, Spent } from "./holds.ts";
import { ask } from "./ask.ts";
import { detectIn } from "./question.ts";
import type { Runtime } from "./runtime.ts";

export type ToolVerdict =
  | { readonly outcome: "allow" }
  | { readonly outcome: "deny"; readonly refusal: Refusal }
  | { readonly outcome: "hold"; readonly held: Held };

const dayMs = 86_400_000;

const unchecked = refuse(
  "control_unavailable",
  "The model's tool call could not be checked, so it was withheld.",
  "Repeat the call; if it stays so, tell the person who runs Mandate.",
);

/** Judges what a model's answer contains: who served it, and each tool call it asks for. */
export class AnswerChecker {
  readonly #runtime: Runtime;
  readonly #call: Call;
  readonly #served = new Set<string>();
  readonly tools: ToolDecision[] = [];

  constructor(runtime: Runtime, call: Call) {
    this.#runtime = runtime;
    this.#call = call;
  }

  get served(): readonly string[] {
    return [...this.#served];
  }

  /** @param id null: the answer doesn't say who served it */
  checkServed(id: string | null): Refusal | null {
    const { model, system } = this.#call;
    if (id !== null) {
      if (this.#served.has(id)) return null;
      this.#served.add(id);
      if (model.served.includes(id) || (model.served.length === 0 && id === model.upstream)) return null;
    }
    const named = id === null ? "no model" : echo(id);
    const nowMs = this.#runtime.now();
    const key = `${system.name}\n${model.name}\n${named}`;
    const known = system.served?.find((one) => one.model === model.name && one.served === named);
    if (known?.accepted === true) return null;
    // The register remembers across restarts; this process, until the register has heard of it.
    const firstSeen = Math.min(known === undefined ? nowMs : known.since * 1000, this.#runtime.firstSeenServed.get(key) ?? nowMs);
    this.#runtime.firstSeenServed.set(key, firstSeen);
    this.#runtime.options.control.report({
      key: `served:${system.name}:${model.name}:${named}`,
      system: system.name,
      kind: "unlisted_served_model",
      title: `${model.name} was answered by ${named}`,
      detail: `The accepted list of ${model.name} does not hold it.`,
      change: { trigger: "model-version", subject: `served:${model.name} ${named}`.slice(0, 300), old: model.served.join(", "), new: named },
    });
    const graceDays = system.parameters.unlistedServedModelGraceDays;
    if (graceDays > 0 && nowMs - firstSeen < graceDays * dayMs) return null;
    return refuse(
      "reassessment_required",
      `The answer came from ${named}, which is not on the accepted list of ${model.name}: the approved version is another.`,
      {
        text: "Have the difference assessed, then list it under the model's `served`.",
        command: `mandate describe model/${model.name}`,
      },
      `served:${named}`,
    );
  }

  decide(toolCall: ToolCall, approval: Spent | null = null): ToolVerdict {
    const { compiled } = this.#call;
    const tool = toolCall.hosted
      ? compiled.tools.get(`hosted.${toolCall.name}`)
      : compiled.toolsByCalledName.get(toolCall.name);
    const id = tool?.name ?? (toolCall.hosted ? `hosted.${echo(toolCall.name)}` : echo(toolCall.name) || "unnamed");
    // Arguments cut short or malformed count as none: a rule that needs one then forbids.
    const input =
      toolCall.hosted && toolCall.argumentsText === ""
        ? null
        : (parseStrictArguments(toolCall.argumentsText, this.#runtime.limits.maxJsonDepth) ?? null);
    let classes: readonly string[];
    try {
      classes = detectIn([stringsIn(input)], "output").classes;
    } catch {
      this.#runtime.options.log.error("detectors.failed", { decision: this.#call.exchange.decisionId });
      return { outcome: "deny", refusal: unchecked };
    }
    const request = this.#request(id, tool, input, approval, classes);
    const decision = ask(this.#runtime, compiled, request);
    this.tools.push({
      tool: id,
      key: toolCall.key,
      outcome: decision.outcome,
      code: decision.code,
      rule: decision.rule,
      alert: decision.alert ?? null,
      request,
    });
    if (decision.outcome === "allow") {
      this.#runtime.emitted.calls.add(request, this.#runtime.now());
      return { outcome: "allow" };
    }
    if (decision.outcome === "deny") return { outcome: "deny", refusal: refusalOf(decision) };
    // What the approver is shown must be what would run; without readable arguments there is nothing to show.
    if (input === null && !toolCall.hosted)
      return {
        outcome: "deny",
        refusal: {
          ...refusalOf(decision),
          code: "policy",
          reason: "The model's tool call can't be read, so no person can approve it.",
        },
      };
    return { outcome: "hold", held: { decision, request, input, resource: `tool:${id}` } };
  }

  #request(
    id: string,
    tool: ToolFacts | undefined,
    input: Readonly<Record<string, unknown>> | null,
    approval: Spent | null,
    classes: readonly string[],
  ): DecisionRequest {
    const { system, purpose, labels, user, userTexts } = this.#call;
    return {
      system: system.name,
      action: "tool.call",
      resource: { type: "tool", id },
      now: Math.floor(this.#runtime.now() / 1000),
      purpose,
      labels,
      session: user?.claims ?? {},
      input,
      argumentsFromUser: tool !== undefined && input !== null && argumentsFromUser(tool, input, userTexts),
      data: { classes, region: null, sensitivity: null },
      digest: null,
      approval,
    };
  }
}

/** Each call once more with the spent approval: a rule that it doesn't satisfy still refuses. */
export function decideAgain(checker: AnswerChecker, calls: readonly ToolCall[], spent: Spent): Refusal | null {
  for (const call of calls) {
    const verdict = checker.decide(call, spent);
    if (verdict.outcome === "deny") return verdict.refusal;
    if (verdict.outcome === "hold")
      return refuse(
        "policy",
        "The approval does not cover every rule that asks for a person.",
        "Repeat the call without it to ask again.",
      );
  }
  return null;
}
