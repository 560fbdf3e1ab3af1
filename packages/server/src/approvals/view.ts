import type { SessionLabels, Tier } from "@mandate/model";
import type { Actor } from "../command.ts";
import { placeFor } from "./obstacles.ts";
import { statementDigest, statementFor } from "./open.ts";
import { conditionsSoFar, stateAt } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";
import { committeeVerdict, isOpen, membersNow } from "./seats.ts";
import type { Directory } from "./seats.ts";
import { outcomeSignature, outcomeStatement, shownSignature } from "./signature.ts";

export interface Reader {
  readonly actor: Actor;
  readonly directory: Directory;
  /** As `tierInForce` gives it. */
  readonly tier: Tier;
  readonly consoleUrl: string;
  /** Null where passkeys can't be used. */
  readonly rpId: string | null;
  readonly passkeys: readonly string[];
}

/** An approval as the API shows it to one reader. */
export function viewApproval(approval: ApprovalRecord, reader: Reader, input: Readonly<Record<string, unknown>> | null) {
  const { actor, directory, tier } = reader;
  const state = stateAt(approval, directory.nowMs);
  const found = placeFor(approval, actor, directory, tier, { passkey: true });
  const needsPasskey = tier === "T3" || tier === "X" || actor.proof === "minted";
  const signatures = approval.signatures.map(shownSignature);
  const statement = outcomeStatement(approval, state === "refused");
  const decisionId = approval.context["decisionId"];
  const authorization = approval.context["authorization"];
  return {
    id: approval.id,
    state,
    statement,
    digest: statementDigest(statement),
    // What a passkey signs to say no: another challenge than the yes.
    refuseDigest: statementDigest(statementFor(approval.statement, "refuse")),
    createdAt: approval.createdAt.toISOString(),
    expiresAt: approval.expiresAt.toISOString(),
    signature: outcomeSignature(signatures, state === "refused"),
    signatures,
    spent: approval.spentAt !== null,
    system: approval.system,
    action: approval.action,
    resource: approval.resource,
    tier,
    title: titleOf(approval),
    question: questionOf(approval, input),
    facts: factsOf(approval, input),
    claim: claimOf(input),
    checks: checksOf(approval, input),
    ...(approval.rules[0] === undefined ? {} : { rule: approval.rules[0] }),
    reason: String(approval.statement["reason"] ?? ""),
    requester: approval.requester,
    askedBy: String(approval.statement["askedBy"] ?? approval.requester ?? "") || null,
    approvers: approval.approvers.map((set) => ({
      group: set.group,
      count: set.count,
      members: membersNow(set, approval.system, directory).map((member) => member.email),
      open: isOpen(set, approval.signatures),
      ...(set.committee === undefined ? {} : { committee: { ...set.committee, verdict: committeeVerdict(set, approval.signatures) ?? null } }),
    })),
    minutes: approval.minutes,
    ...(typeof decisionId === "string" ? { decisionId } : {}),
    ...(typeof authorization === "string" ? { authorization } : {}),
    input,
    mayDecide: "place" in found,
    ...("obstacle" in found ? { cannotBecause: found.obstacle.message } : found.place.onBehalfOf === null ? {} : { onBehalfOf: found.place.onBehalfOf }),
    votesInCommittee: "place" in found && found.place.committee,
    method: needsPasskey || reader.passkeys.length > 0 ? ("passkey" as const) : actor.proof === "token" ? ("token" as const) : ("session" as const),
    url: `${reader.consoleUrl}/approve/${approval.id}`,
    passkeyRequired: needsPasskey,
    /** What the page hands to `navigator.credentials.get`; null where this reader has no passkey here. */
    passkey: reader.rpId === null || reader.passkeys.length === 0 ? null : { rpId: reader.rpId, credentialIds: [...reader.passkeys] },
  };
}

function titleOf(approval: ApprovalRecord): string {
  const system = approval.system ?? "";
  switch (approval.action) {
    case "pilot":
      return `Pilot of ${system}`;
    case "production":
      return `Production of ${system}`;
    case "renew":
      return `More time for ${system}`;
    case "role.grant":
      return `Approving role for ${approval.resource ?? ""}`;
    case "passkey.reset":
      return `New passkeys for ${approval.resource ?? ""}`;
    case "break-glass":
      return `Break-glass plan ${approval.resource ?? ""}`;
    case "delegation":
      return `Delegation to ${approval.resource ?? ""}`;
    case "committee.appoint":
      return `Committee ${approval.resource ?? ""}`;
    case "legal.review":
      return `${system}: legal review of ${approval.resource ?? "a flow"}`;
    case "owner.succeed":
      return `${system}: a new owner`;
    case "tier.lower":
      return `${system}: a lower tier`;
    case "tier.rules":
      return "Tier rules of your organization";
    case "evidence.erase":
      return `Erase content of ${approval.resource ?? ""}`;
    case "exception":
      return `${system}: exception from ${approval.resource ?? "a rule"}`;
    default:
      return `${system}: ${approval.resource ?? approval.action}`;
  }
}

function questionOf(approval: ApprovalRecord, input: Readonly<Record<string, unknown>> | null): string {
  const system = approval.system ?? "this system";
  const { from, to, until, terms } = approval.statement;
  switch (approval.action) {
    case "pilot":
      return `Shall ${system} run as a pilot?`;
    case "production":
      return `Shall ${system} go to production in exactly this version?`;
    case "renew":
      return `Shall the pilot of ${system} run longer?`;
    case "role.grant":
      return `Shall ${approval.resource ?? "this person"} hold an approving role?`;
    case "passkey.reset":
      return `Shall ${approval.resource ?? "this person"} enrol new passkeys in place of those they have?`;
    case "break-glass":
      return liftedBy(terms as Partial<Record<string, unknown>> | undefined);
    case "delegation":
      return `Shall ${approval.resource ?? "this person"} answer for you at T3 while you are away?`;
    case "legal.review":
      return `May ${system} send data to ${approval.resource ?? "this target"} in another region, on these terms?`;
    case "owner.succeed":
      return `Does ${String(approval.statement["successor"])} answer for ${system} as ${String(approval.statement["seat"])} owner from now on?`;
    case "committee.appoint":
      return `Shall ${approval.resource ?? "this group"} decide T3 authorizations by quorum?`;
    case "tier.lower":
      return `Shall ${system} count as ${String(to)} instead of ${String(from)} until ${String(until).slice(0, 10)}?`;
    case "tier.rules":
      return "Shall these tier rules bind every system of your organization?";
    case "exception":
      return `Shall ${(approval.resource ?? "this").replace(":", " ")} be let pass for ${system} until ${String((terms as Partial<Record<string, unknown>> | undefined)?.["ends"]).slice(0, 10)}?`;
    case "evidence.erase":
      return `Shall the content of ${String(approval.statement["entries"])} entries (${approval.resource ?? ""}) be erased for good?`;
    case "data.export":
      return `Shall ${system} send data to ${approval.resource ?? "this destination"}?`;
    case "model.call":
      return `Shall ${system} call ${approval.resource ?? "this model"}?`;
    case "tool.call":
      return `Shall ${system} use ${(approval.resource ?? "this").replace(/^tool:/, "")} with ${effectOf(input)}?`;
    default:
      return String(approval.statement["reason"] ?? approval.action);
  }
}

/** Rules, systems and minutes word for word, since that is what two people may later do without asking anyone. */
function liftedBy(terms: Partial<Record<string, unknown>> | undefined): string {
  const list = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : "what it names");
  return `May two of ${list(terms?.["people"])} lift ${list(terms?.["rules"])} for ${list(terms?.["systems"])}, ${String(terms?.["minutes"])} minutes at a time?`;
}

/** The effect in a heading's length: the first few arguments, word for word. */
function effectOf(input: Readonly<Record<string, unknown>> | null): string {
  const facts = input === null ? [] : argumentsOf(input);
  const shown = facts.slice(0, 3).map(({ label, value }) => `${label} ${value.length > 60 ? `${value.slice(0, 59)}…` : value}`);
  if (shown.length === 0) return "exactly these arguments";
  return facts.length > shown.length ? `${shown.join(", ")} and ${facts.length - shown.length} more` : shown.join(", ");
}

const claims = ["reason", "justification", "because", "rationale"] as const;

/** Why the agent says it does this. Its words, so never shown as a fact. */
function claimOf(input: Readonly<Record<string, unknown>> | null): string | null {
  for (const name of claims) {
    const value = input?.[name];
    if (typeof value === "string" && value.trim() !== "") return value.slice(0, 500);
  }
  return null;
}

/** What was checked at the call, and what nobody could confirm. Only held calls have any. */
function checksOf(approval: ApprovalRecord, input: Readonly<Record<string, unknown>> | null): { text: string; outcome: "allow" | "unknown" }[] {
  if (approval.callHash === null) return [];
  const labels = approval.context["labels"] as SessionLabels | undefined;
  return [
    { text: "The call is within its grants; everything but this rule allows it", outcome: "allow" },
    { text: "These arguments are bound by hash: a changed one voids the answer", outcome: "allow" },
    ...(labels === undefined
      ? []
      : labels.untrusted
        ? [{ text: "The session has seen untrusted content, so these arguments may not be the user's", outcome: "unknown" as const }]
        : [{ text: "No untrusted content was seen in this session", outcome: "allow" as const }]),
    ...(input === null ? [{ text: "The arguments can't be shown here", outcome: "unknown" as const }] : []),
    ...(claimOf(input) === null ? [] : [{ text: "The agent's reason is not confirmed", outcome: "unknown" as const }]),
  ];
}

function conditionInWords(condition: unknown): string {
  const { metric, subject, threshold, due, consequence, note } = condition as Readonly<Record<string, unknown>>;
  const what = [metric, subject, threshold === undefined ? undefined : `at most ${String(threshold)}`].filter((one) => one !== undefined).join(" ");
  return `${what} by ${String(due)}, else ${String(consequence)}${note === undefined ? "" : ` (${String(note)})`}`.slice(0, 500);
}

/** What an approver can be asked to read. Beyond it the page says how much isn't shown, and that nobody confirmed it. */
const maxFacts = 200;
const maxValueChars = 4_000;

/**
 * Flat label and value lines of the arguments, depth-first, bounded: an approver reads values, not JSON.
 * INVARIANT: what is cut off says so. An agent that hides a clause behind the four-thousandth character must not get
 * a yes to it from somebody who saw an ellipsis at most.
 */
function flatten(facts: { label: string; value: string }[], label: string, value: unknown, depth: number): void {
  if (facts.length > maxFacts) return;
  if (facts.length === maxFacts) return void facts.push({ label: "…", value: "More than can be shown here: refuse what you can't read" });
  if (isMoney(value)) facts.push({ label, value: `${value.value} ${value.currency}` });
  else if (typeof value === "object" && value !== null && depth < 4) {
    for (const [key, inner] of Object.entries(value)) flatten(facts, label === "" ? key : `${label}.${key}`, inner, depth + 1);
  } else facts.push({ label, value: cut(typeof value === "object" ? JSON.stringify(value) : String(value)) });
}

function cut(text: string): string {
  return text.length <= maxValueChars ? text : `${text.slice(0, maxValueChars)} … and ${text.length - maxValueChars} more characters that can't be shown here: refuse what you can't read`;
}

/** `mandate:money` of the manifest: one fact, not two. */
function isMoney(value: unknown): value is { readonly value: string; readonly currency: string } {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return false;
  const { value: amount, currency } = value as Partial<Record<string, unknown>>;
  return typeof amount === "string" && typeof currency === "string" && /^[A-Z]{3}$/.test(currency);
}

function argumentsOf(input: Readonly<Record<string, unknown>>): { label: string; value: string }[] {
  const facts: { label: string; value: string }[] = [];
  flatten(facts, "", Object.fromEntries(Object.entries(input).filter(([key]) => !(claims as readonly string[]).includes(key))), 0);
  return facts;
}

/** Terms are ours, so they stand under their own names and a list of names is one line; an agent's arguments never are. */
const termsOf = (terms: unknown): (readonly [string, unknown])[] =>
  typeof terms !== "object" || terms === null
    ? [["terms", terms]]
    : Object.entries(terms).map(([name, value]) => [name, Array.isArray(value) && value.every((one) => typeof one === "string") ? value.join(", ") : value] as const);

function factsOf(approval: ApprovalRecord, input: Readonly<Record<string, unknown>> | null): { label: string; value: string }[] {
  const facts = input === null ? [] : argumentsOf(input);
  if (typeof approval.context["purpose"] === "string") facts.push({ label: "purpose", value: approval.context["purpose"] });
  for (const key of ["versionDigest", "terms", "roles", "members", "quorum", "starts", "ends", "delegate", "from", "to", "until", "covers", "rules", "seat", "successor", "follows"]) {
    const value = approval.statement[key];
    if (value !== undefined) for (const [label, inner] of key === "terms" ? termsOf(value) : [[key, value] as const]) flatten(facts, label, inner, 1);
  }
  for (const condition of conditionsSoFar(approval.signatures)) facts.push({ label: "condition", value: conditionInWords(condition) });
  return facts;
}
