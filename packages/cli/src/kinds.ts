import { CliError } from "./cli-error.ts";
import type { Column, Row } from "./render/format.ts";

/** Kinds of the control API, by plural. */
export const kinds = [
  "systems",
  "system-versions",
  "models",
  "prompts",
  "tools",
  "mcp-servers",
  "agents",
  "datasets",
  "vendors",
  "destinations",
  "data-flows",
  "entities",
  "people",
  "groups",
  "legal-entities",
  "policies",
  "risks",
  "documents",
  "training-records",
  "evaluations",
  "outcome-reviews",
  "authorizations",
  "credentials",
  "approvals",
  "findings",
  "incidents",
  "legal-reviews",
  "decisions",
  "gateways",
  "controls",
  "frameworks",
  "exceptions",
  "reassessments",
  "change-events",
  "delegations",
  "external-credentials",
  "organizations",
  "units",
  "data-boundaries",
  "identities",
  "assessments",
  "tier-decisions",
  "conditions",
  "policy-versions",
] as const;
export type Kind = (typeof kinds)[number];

const singulars: Readonly<Record<string, Kind>> = {
  people: "people",
  person: "people",
  policy: "policies",
  entity: "entities",
  "legal-entity": "legal-entities",
  legalentity: "legal-entities",
  aisystem: "systems",
  mcpserver: "mcp-servers",
  dataflow: "data-flows",
  trainingrecord: "training-records",
  outcomereview: "outcome-reviews",
};

const manifestKinds: Readonly<Partial<Record<Kind, string>>> = {
  systems: "AISystem",
  models: "Model",
  prompts: "Prompt",
  tools: "Tool",
  "mcp-servers": "McpServer",
  agents: "Agent",
  datasets: "Dataset",
  vendors: "Vendor",
  destinations: "Destination",
  "data-flows": "DataFlow",
  entities: "Entity",
  groups: "Group",
  "legal-entities": "LegalEntity",
  policies: "Policy",
  risks: "Risk",
  documents: "Document",
  "training-records": "TrainingRecord",
  evaluations: "Evaluation",
  "outcome-reviews": "OutcomeReview",
};

/** A manifest's word for a kind: `AISystem`. Undefined for what no manifest holds. */
export function manifestKindOf(kind: Kind): string | undefined {
  return manifestKinds[kind];
}

/** The kind of a manifest's word: `AISystem` is `systems`. */
export function kindOfManifest(word: string): Kind {
  const found = kinds.find((kind) => manifestKinds[kind] === word);
  return found ?? kindOf(word);
}

/** Reads `system`, `systems`, `AISystem`, `mcp-server`. Raises a CliError that lists the kinds. */
export function kindOf(word: string): Kind {
  const lower = word.toLowerCase();
  const known = kinds.find((kind) => kind === lower) ?? singulars[lower] ?? kinds.find((kind) => kind === `${lower}s`);
  if (known !== undefined) return known;
  const near = [...kinds, ...kinds.map(singular)].find((kind) => closeTo(lower, kind));
  throw new CliError({
    code: "kind_unknown",
    message: `There is no kind \`${word}\`.${near === undefined ? "" : ` Did you mean \`${near}\`?`}`,
    next: `Write KIND or KIND/NAME, like system/${/^[\w.-]+$/.test(word) ? word : "NAME"}. Kinds: ${kinds.join(", ")}.`,
  });
}

/** One letter wrong, missing, added, or two in the wrong order. */
function closeTo(word: string, known: string): boolean {
  let start = 0;
  while (start < word.length && word[start] === known[start]) start += 1;
  const [left, right] = [word.slice(start), known.slice(start)];
  return (
    left.slice(1) === right.slice(1) ||
    left.slice(1) === right ||
    left === right.slice(1) ||
    (left.slice(2) === right.slice(2) && left[0] === right[1] && left[1] === right[0])
  );
}

/** `system/notes`, or two words. A name may hold slashes: only the first one divides. */
export function target(args: readonly string[]): { readonly kind: Kind; readonly name: string | undefined } {
  const [first = "", second] = args;
  const slash = first.indexOf("/");
  if (slash > 0) return { kind: kindOf(first.slice(0, slash)), name: first.slice(slash + 1) };
  return { kind: kindOf(first), name: second };
}

export function singular(kind: Kind): string {
  if (kind === "people") return "person";
  return kind.endsWith("ies") ? `${kind.slice(0, -3)}y` : kind.slice(0, -1);
}

/** Accepts an item with its fields on top or under `metadata` and `spec`. */
export function field(row: Row, path: string): unknown {
  const found = walk(row, path);
  if (found !== undefined) return found;
  return walk(row, `spec.${path}`) ?? walk(row, `metadata.${path}`);
}

function walk(value: unknown, path: string): unknown {
  let current = value;
  for (const part of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Row)[part];
  }
  return current;
}

const column = (title: string, ...paths: readonly string[]): Column => ({
  title,
  value: (row) => paths.map((path) => field(row, path)).find((value) => value !== undefined && value !== null),
});

const shown: Readonly<Partial<Record<Kind, readonly Column[]>>> = {
  systems: [
    column("name", "name"),
    column("tier", "tier"),
    column("stage", "lifecycle"),
    column("status", "status"),
    column("reason", "statusCode"),
    column("authorization", "authorization.state"),
    column("ends", "authorization.ends"),
    column("missing", "missing"),
  ],
  models: [
    column("name", "name"),
    column("protocol", "protocol"),
    column("region", "region"),
    column("highest data", "maxSensitivity"),
    column("endpoint", "endpoint"),
  ],
  tools: [
    column("name", "name"),
    column("effect", "effect"),
    column("reversible", "reversible"),
    column("output", "output"),
    column("server", "server"),
  ],
  datasets: [
    column("name", "name"),
    column("sensitivity", "sensitivity"),
    column("classes", "classes"),
    column("region", "region"),
  ],
  destinations: [
    column("name", "name"),
    column("kind", "spec.kind"),
    column("region", "region"),
    column("highest data", "maxSensitivity"),
  ],
  people: [
    column("email", "email", "name"),
    column("name", "displayName", "spec.name", "name"),
    column("roles", "roles"),
    column("state", "state"),
  ],
  groups: [column("name", "name"), column("members", "members")],
  credentials: [
    column("id", "id"),
    column("name", "name"),
    column("kind", "kind"),
    column("system", "system"),
    column("state", "state"),
    column("bound", "bound"),
    column("not after", "notAfter"),
    column("last used", "lastUsed", "lastUsedAt"),
  ],
  approvals: [
    column("id", "id"),
    column("state", "state"),
    column("system", "statement.system"),
    column("action", "statement.action"),
    column("resource", "statement.resource"),
    column("expires", "expiresAt"),
  ],
  authorizations: [
    column("id", "id"),
    column("system", "system"),
    column("type", "type"),
    column("state", "state"),
    column("ends", "ends"),
  ],
  decisions: [
    column("at", "at"),
    column("outcome", "outcome"),
    column("system", "system"),
    column("action", "action"),
    column("resource", "resource"),
    column("code", "code"),
    column("id", "id"),
  ],
  risks: [
    column("name", "name"),
    column("title", "spec.title"),
    column("likelihood", "spec.likelihood"),
    column("impact", "spec.impact"),
    column("treatment", "spec.treatment"),
    column("residual", "spec.residual"),
    column("owner", "spec.owner"),
  ],
  documents: [column("name", "name"), column("title", "spec.title"), column("type", "spec.type"), column("owner", "spec.owner"), column("ends", "spec.ends")],
  "training-records": [column("name", "name"), column("person", "spec.person"), column("course", "spec.course"), column("completed", "spec.completed"), column("ends", "spec.ends")],
  evaluations: [
    column("name", "name"),
    column("system", "spec.system"),
    column("metric", "spec.metric"),
    column("score", "spec.score"),
    column("threshold", "spec.threshold.value"),
    column("measured", "spec.measured"),
  ],
  "outcome-reviews": [
    column("name", "name"),
    column("system", "spec.system"),
    column("sampled", "spec.sampled"),
    column("adverse", "spec.adverse"),
    column("tolerated", "spec.tolerated"),
    column("reviewer", "spec.reviewer"),
  ],
  frameworks: [column("key", "key"), column("name", "short"), column("version", "version"), column("items", "items")],
  controls: [column("id", "id"), column("statement", "statement"), column("kind", "kind"), column("known", "grade"), column("outcome", "outcome")],
  gateways: [
    column("name", "name"),
    column("register", "registerVersion"),
    column("confirmed", "confirmed"),
    column("adds ms", "added.medianMs"),
    column("p99 ms", "added.p99Ms"),
    column("last seen", "lastSeen"),
  ],
  "system-versions": [column("digest", "digest"), column("system", "system"), column("number", "number"), column("created", "createdAt")],
  exceptions: [column("id", "id"), column("system", "system"), column("state", "state"), column("scope", "scope.kind"), column("lifts", "scope.id"), column("ends", "ends")],
  reassessments: [column("id", "id"), column("class", "class"), column("title", "title"), column("state", "state"), column("due", "due")],
  "change-events": [column("id", "id"), column("at", "at"), column("class", "class"), column("subject", "subject"), column("what", "what")],
  delegations: [column("id", "id"), column("from", "from"), column("to", "to"), column("state", "state"), column("ends", "ends")],
  "external-credentials": [column("id", "id"), column("name", "name"), column("location", "location"), column("system", "system"), column("owner", "owner"), column("age in days", "ageDays"), column("ends", "ends")],
  units: [column("name", "name"), column("systems", "systems")],
  "data-boundaries": [column("system", "system"), column("sensitivity", "sensitivity"), column("classes", "classes"), column("regions", "regions"), column("training", "training")],
  identities: [column("name", "name"), column("type", "type"), column("longest", "maxTtl"), column("accountable", "accountable")],
  assessments: [column("system", "system"), column("by", "by"), column("at", "at")],
  "tier-decisions": [column("name", "name"), column("tier", "tier"), column("by", "by"), column("at", "at")],
  conditions: [column("name", "name"), column("system", "system"), column("metric", "metric"), column("due", "due"), column("met", "met")],
  "policy-versions": [column("policy", "policy"), column("version", "version"), column("by", "by"), column("at", "at"), column("reason", "reason")],
  findings: [
    column("id", "id"),
    column("system", "system"),
    column("severity", "severity"),
    column("cause", "cause"),
    column("title", "title"),
    column("owner", "owner"),
    column("due", "due"),
  ],
};

export function columnsOf(kind: Kind): readonly Column[] {
  return shown[kind] ?? [column("name", "name", "key", "id"), column("title", "title", "spec.title")];
}

export function nameOf(kind: Kind, row: Row): string {
  const name =
    kind === "people"
      ? (field(row, "email") ?? field(row, "name"))
      : row.id !== undefined && ids.has(kind)
        ? row.id
        : (field(row, "name") ?? row.id ?? row.key);
  return `${singular(kind)}/${String(name)}`;
}

const ids: ReadonlySet<Kind> = new Set(["approvals", "authorizations", "credentials", "decisions", "findings", "incidents", "legal-reviews", "exceptions", "reassessments", "change-events", "delegations", "external-credentials"]);
