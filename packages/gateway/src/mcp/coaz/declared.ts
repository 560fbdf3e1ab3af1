import type { Decision, ToolFacts } from "@mandate/model";
import { type Refusal, refuse, refusalOf } from "../../http/refusal.ts";
import { echo, type Members } from "../../surfaces/fields.ts";
import type { McpContext } from "../context.ts";
import { rpcCodes } from "../json-rpc.ts";
import { type DeclaredMapping, declaredMapping, mappedQuestions, MappingProblem } from "./mapping.ts";

/** What the server's own mapping had asked, for the record. */
export interface MappedAnswer {
  readonly action: string;
  readonly resource: string;
  readonly rule: string | null;
}

/** By definition: read once. */
const read = new WeakMap<object, DeclaredMapping | MappingProblem | null>();

/**
 * What the pinned definition of a tool declares about how its calls are authorized (`x-authzen-mapping`), decided by the custom
 * rules. INVARIANT: it can only narrow. It is asked after our own rules have allowed the call, and a server that declares
 * nothing, or wrongly, gains nothing by it.
 */
export function decideDeclared(context: McpContext, tool: ToolFacts, params: Members): { readonly asked: readonly MappedAnswer[] } | { readonly refusal: Refusal } {
  const mapping = mappingOf(tool);
  if (mapping === null) return { asked: [] };
  try {
    if (mapping instanceof MappingProblem) throw mapping;
    const asked: MappedAnswer[] = [];
    for (const question of mappedQuestions(mapping, params, tokenOf(context, tool))) {
      const decision: Decision = context.compiled.policy.decideExternal(question);
      const resource = `${question.resource.type}:${question.resource.id}`;
      // Holds have approvers of a system; outside one there is nobody to ask.
      if (decision.outcome !== "allow") return { refusal: denied(tool, `${question.action} on ${echo(resource)}`, decision) };
      asked.push({ action: question.action, resource: echo(resource), rule: decision.rule });
    }
    return { asked };
  } catch (error) {
    if (!(error instanceof MappingProblem)) throw error;
    // COAZ-MCP, Mapping Errors: invalid params.
    context.exchange.mcp!.error = { code: rpcCodes.invalidParams };
    return { refusal: refuse("invalid_request", `The authorization mapping that ${tool.name} declares gives no question for this call: ${error.message}.`, "Send the arguments that it names, or have the tool's server mend its mapping.", "params.arguments") };
  }
}

function mappingOf(tool: ToolFacts): DeclaredMapping | MappingProblem | null {
  const { definition } = tool;
  if (definition == null) return null;
  let found = read.get(definition);
  if (found === undefined) {
    try {
      found = declaredMapping(definition["inputSchema"]) ?? null;
    } catch (error) {
      if (!(error instanceof MappingProblem)) throw error;
      found = error;
    }
    read.set(definition, found);
  }
  return found;
}

/** Whom the gateway verified: the person a call is made for, else the system; and the credential that makes it. */
function tokenOf({ user, system, credential }: McpContext, tool: ToolFacts): Members & { readonly sub: string } {
  return { ...user?.claims, sub: user?.subject ?? system.name, client_id: credential.id, aud: tool.server ?? "" };
}

function denied(tool: ToolFacts, question: string, decision: Decision): Refusal {
  const refusal = refusalOf({ ...decision, outcome: "deny", code: decision.code === "not_granted" ? "not_granted" : "policy" });
  return { ...refusal, reason: `${tool.name} declares that a call of it needs ${question}: ${decision.reason}` };
}
