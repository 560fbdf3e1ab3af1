import type { Decision, DecisionRequest, SessionLabels, SystemFacts, ToolFacts } from "@mandate/model";
import { joinLabels } from "../auth/session-token.ts";
import type { CallingCredential } from "../auth/authenticate.ts";
import type { Session } from "../auth/session-token.ts";
import type { User } from "../auth/user-token.ts";
import type { Compiled } from "../compiled.ts";
import type { Exchange } from "../http/exchange.ts";
import { ask } from "../pipeline/ask.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import type { TokenBook } from "../pipeline/token-book.ts";
import type { Members } from "../surfaces/fields.ts";
import type { Revision } from "./revision.ts";
import type { McpSession } from "./sessions.ts";

/** One HTTP request of a known caller, before anything is decided about what it asks. */
export interface McpContext {
  readonly runtime: Runtime;
  readonly exchange: Exchange;
  readonly compiled: Compiled;
  readonly system: SystemFacts;
  readonly credential: CallingCredential;
  readonly revision: Revision;
  readonly session: McpSession | null;
  readonly purpose: string | null;
  readonly user: User | null;
  /** Whose labels count: the caller's signed session, else the MCP session's own. Null: none, so tainted. */
  readonly labelled: Session | null;
  /** Tokens in place of personal data, the same for a value throughout its session. */
  readonly tokens: () => TokenBook;
  /** Every number of the message is one that we and the server read alike. */
  readonly exactNumbers: boolean;
}

/** Labels now, not when the session began: another call may have raised them since. */
export function labelsNow({ runtime, labelled }: McpContext): SessionLabels {
  if (labelled === null) return { maxSensitivity: "public", untrusted: true, residency: [], classes: [], purposes: null };
  return joinLabels(labelled.labels, runtime.sessions.floor(labelled.id));
}

export function question(context: McpContext, tool: ToolFacts | string, input: Members | null, classes: readonly string[]): DecisionRequest {
  const { system, runtime, purpose, user } = context;
  return {
    system: system.name,
    action: "tool.call",
    resource: { type: "tool", id: typeof tool === "string" ? tool : tool.name },
    now: Math.floor(runtime.now() / 1000),
    purpose,
    labels: labelsNow(context),
    session: user?.claims ?? {},
    input,
    argumentsFromUser: false,
    data: { classes, region: null, sensitivity: null },
    digest: null,
    approval: null,
  };
}

export function decide(context: McpContext, request: DecisionRequest): Decision {
  return ask(context.runtime, context.compiled, request);
}

/** What concerns the connection alone needs no rule: the system's grants on the server were looked at before. */
export function permitted(context: McpContext, reason: string): Decision {
  return {
    outcome: "allow",
    code: null,
    param: null,
    reason,
    rule: null,
    matched: [],
    remedies: [],
    obligations: [],
    hold: null,
    policyVersion: context.compiled.policy.policyVersion,
  };
}
