import { createHash } from "node:crypto";
import { canonicalText } from "./canonical.ts";
import type { EventFacts, ExportHead } from "./facts.ts";
import { manifestOf } from "./manifest.ts";

export const ocsfVersion = "1.8.0";

/** Activities of the classes that are used. */
const apiActivity = { class_uid: 6003, class_name: "API Activity", category_uid: 6, category_name: "Application Activity" } as const;
const entityManagement = { class_uid: 3004, class_name: "Entity Management", category_uid: 3, category_name: "Identity & Access Management" } as const;
const detectionFinding = { class_uid: 2004, class_name: "Detection Finding", category_uid: 2, category_name: "Findings" } as const;

const product = { name: "Mandate", vendor_name: "Mandate" } as const;
const calls: ReadonlySet<string> = new Set(["call.intent", "call.outcome", "decision"]);

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/**
 * One log entry as an OCSF 1.8 event. Nothing but the entry's header and its decision's codes goes in: no prompt, no
 * output, no name of a person. The entry's place makes it unique, so a receiver that gets it twice can tell.
 */
export function ocsfEvent(organization: string, event: EventFacts): Record<string, unknown> {
  const { header, origin, index } = event;
  const type = String(header["type"]);
  const timeMs = Date.parse(String(header["at"]));
  const metadata = (profiles: readonly string[]) => ({
    version: ocsfVersion,
    product,
    uid: String(header["id"]),
    sequence: index,
    log_name: origin,
    event_code: type,
    tenant_uid: organization,
    logged_time: timeMs,
    ...(text(header["decision"]) === undefined ? {} : { correlation_uid: text(header["decision"]) }),
    ...(profiles.length === 0 ? {} : { profiles }),
  });
  const unmapped = Object.fromEntries(["system", "agent", "policy", "register", "outcome", "terminal", "approvals", "retention"].flatMap((name) => (header[name] === undefined ? [] : [[name, header[name]]])));
  const common = { time: timeMs, unmapped };
  const actor = { app_name: text(header["agent"]) ?? text(header["system"]) ?? "Mandate", ...(text(header["system"]) === undefined ? {} : { app_uid: `system:${text(header["system"])}` }) };
  if (calls.has(type)) return { ...apiActivity, ...common, ...callPart(event, actor), metadata: metadata(["security_control", "ai_operation"]) };
  if (type === "finding") {
    const activity = 99;
    return { ...detectionFinding, ...common, activity_id: activity, activity_name: "Other", type_uid: 200_400 + activity, severity_id: 0, status_id: 0, finding_info: { uid: String(header["id"]), title: "Finding opened, changed or closed", types: [type] }, metadata: metadata([]) };
  }
  const activity = type === "evidence.read" ? 2 : type === "log.created" ? 1 : type === "log.closed" ? 9 : 99;
  return {
    ...entityManagement, ...common,
    activity_id: activity,
    activity_name: { 1: "Create", 2: "Read", 9: "Disable", 99: "Other" }[activity],
    type_uid: 300_400 + activity,
    severity_id: type === "evidence.erasure" || type === "incident" ? 3 : 1,
    status_id: 1,
    actor,
    entity: { name: text(header["system"]) ?? "organization", uid: text(header["system"]) === undefined ? organization : `system:${text(header["system"])}`, type: type },
    metadata: metadata([]),
  };
}

function callPart({ header, decision }: EventFacts, actor: Record<string, unknown>): Record<string, unknown> {
  const outcome = text(header["outcome"]);
  const isDenied = outcome === "deny" || outcome === "hold";
  const terminal = text(header["terminal"]);
  const failed = terminal !== undefined && terminal !== "done";
  // Allowed, blocked, and a hold: it stands until a person decides.
  const action = outcome === "allow" ? 1 : isDenied ? 2 : 0;
  const activity = 99;
  const model = decision?.action === "model.call" ? decision.resource : undefined;
  return {
    activity_id: activity,
    activity_name: "Other",
    type_uid: 600_300 + activity,
    severity_id: outcome === "deny" ? 3 : outcome === "hold" ? 2 : 1,
    status_id: isDenied || failed ? 2 : terminal === "done" ? 1 : 0,
    ...(decision?.code == null ? {} : { status_code: decision.code }),
    action_id: action,
    action: { 0: "Unknown", 1: "Allowed", 2: "Denied" }[action],
    disposition_id: outcome === "allow" ? 1 : outcome === "deny" ? 2 : outcome === "hold" ? 25 : 0,
    actor,
    api: { operation: decision?.action || String(header["type"]), ...(decision === null ? {} : { service: { name: decision.surface || "decision" } }) },
    // The caller's address isn't in the log: the system is who called.
    src_endpoint: { name: text(header["system"]) ?? "unknown" },
    ...(decision === null || decision.resource === "" ? {} : { resources: [{ name: decision.resource }] }),
    ...(decision?.rule == null ? {} : { policy: { uid: decision.rule, ...(text(header["policy"]) === undefined ? {} : { version: text(header["policy"]) }), is_applied: true } }),
    ...(model === undefined || model === "" ? {} : { ai_model: { name: model, ai_provider: decision?.surface || "unknown" } }),
    ...(decision?.inputTokens == null && decision?.outputTokens == null ? {} : { message_context: { application: { name: "Mandate" }, prompt_tokens: decision.inputTokens ?? 0, completion_tokens: decision.outputTokens ?? 0, total_tokens: (decision.inputTokens ?? 0) + (decision.outputTokens ?? 0) } }),
    ...(decision?.durationMs == null ? {} : { duration: Math.round(decision.durationMs) }),
  };
}

/**
 * Events as lines of JSON, in each log's own order. The last line is the export itself, as an event: it says how many lines
 * stand before it and the hash over them and its own canonical form.
 */
export async function* ocsfLines(head: ExportHead, events: AsyncIterable<readonly EventFacts[]>): AsyncGenerator<string> {
  const hash = createHash("sha256");
  let count = 0;
  for await (const batch of events) {
    let lines = "";
    for (const event of batch) {
      lines += `${JSON.stringify(ocsfEvent(head.organization.id, event))}\n`;
      count++;
    }
    hash.update(lines);
    yield lines;
  }
  const timeMs = Date.parse(head.exportedAt);
  const own = {
    ...entityManagement,
    time: timeMs,
    activity_id: 2,
    activity_name: "Read",
    type_uid: 300_402,
    severity_id: 1,
    status_id: 1,
    actor: { user: { name: head.exportedBy } },
    entity: { name: head.organization.name, uid: head.organization.id, type: "export" },
    metadata: { version: ocsfVersion, product, tenant_uid: head.organization.id, event_code: "export", logged_time: timeMs },
    unmapped: { ...manifestOf("ocsf", head, { events: count }), contentSha256: "" },
  };
  const contentSha256 = hash.update(canonicalText(own)).digest("hex");
  yield `${JSON.stringify({ ...own, unmapped: { ...own.unmapped, contentSha256 } })}\n`;
}
