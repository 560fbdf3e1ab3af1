import type { Decision, DecisionRequest } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { Runtime } from "./runtime.ts";

/** Total: an error inside evaluation, or rules that the reference engine contradicts, is a deny and an alarm (G11). */
export function ask(runtime: Runtime, compiled: Compiled, request: DecisionRequest): Decision {
  try {
    if (!runtime.reference.trusts(compiled, request))
      return fault(compiled, "the compiled rules and the reference engine disagree");
    const decision = compiled.policy.decide(request);
    if (decision.alert !== null) alarm(runtime, request.system, request.action, decision);
    runtime.reference.decided(compiled, request);
    return decision;
  } catch (error) {
    const decision = fault(compiled, error instanceof Error ? error.message : "evaluation failed");
    alarm(runtime, request.system, request.action, decision);
    return decision;
  }
}

/** A rule that can't be evaluated refuses calls until somebody mends it: they must hear of it. */
export function alarm(
  runtime: Runtime,
  system: string,
  action: string,
  decision: Pick<Decision, "alert" | "rule" | "policyVersion">,
): void {
  const alert = decision.alert ?? "unknown";
  runtime.options.log.error("policy.alert", { alert, system, action });
  runtime.options.control.report({
    key: `policy-alert:${system}:${decision.policyVersion}:${decision.rule ?? alert}`,
    system,
    kind: "policy_alert",
    title: `A rule of ${system} can't be evaluated`,
    detail: `${decision.rule === null ? "" : `Rule ${decision.rule}: `}${alert}. Calls that it concerns are refused.`,
  });
}

function fault(compiled: Compiled, alert: string): Decision & { readonly alert: string } {
  return {
    outcome: "deny",
    code: "policy",
    param: null,
    reason: "The rules could not be evaluated, so the call was refused.",
    rule: null,
    matched: [],
    remedies: [{ text: "Tell the person who runs Mandate; the finding says what failed." }],
    obligations: [],
    hold: null,
    policyVersion: compiled.policy.policyVersion,
    alert,
  };
}
