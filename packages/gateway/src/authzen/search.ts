import { createHash } from "node:crypto";
import { actions, type Decision, isProbe } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { EntryDraft } from "../evidence-sink.ts";
import type { Exchange } from "../http/exchange.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { AuthzenCaller } from "../options.ts";
import { evidenceRefusal, noteUnwritten } from "../pipeline/refuse-known.ts";
import type { Runtime } from "../pipeline/runtime.ts";
import { FieldProblem } from "../surfaces/fields.ts";
import { illTyped, readQuestion } from "./caller.ts";
import { wouldDecide } from "./evaluate.ts";
import { resourceTypes } from "./question.ts";
import { type Evaluation, readSearch, type Search, type SearchFor } from "./request.ts";

const defaultLimit = 100;
const maxLimit = 1000;
/** So many decisions are asked between two turns of the event loop: a search must not hold up anybody's call. */
const decisionsAtOnce = 200;

/**
 * AuthZEN 1.0 §8: what may X do, who may do Y. Each candidate is decided as an evaluation of the same words would be, and
 * those allowed are listed; `context.held` names those that would need a person. Nothing is asked of anybody by it.
 */
export async function handleSearch(
  runtime: Runtime,
  exchange: Exchange,
  compiled: Compiled,
  caller: AuthzenCaller,
  wanted: SearchFor,
): Promise<void> {
  const search = await readQuestion(runtime, exchange, (refusal) => exchange.refuse(refusal), (value) => readSearch(value, wanted));
  if (search === undefined) return;
  try {
    const key = createHash("sha256").update(canonicalJson({ wanted, ...search, page: null })).digest("base64url").slice(0, 22);
    const page = readToken(search, key);
    const found = await matches(runtime, compiled, wanted, search);
    const start = page.after === null ? 0 : found.allowed.findIndex((id) => id > page.after!);
    const shown = start < 0 ? [] : found.allowed.slice(start, start + page.limit);
    const more = start >= 0 && start + shown.length < found.allowed.length;
    const draft = searchDraft(runtime, exchange, compiled, caller, wanted, search, found.allowed.length);
    try {
      await runtime.options.evidence.decision(draft);
    } catch (error) {
      noteUnwritten(runtime, exchange.decisionId, error);
      return exchange.refuse(evidenceRefusal);
    }
    const entity = (id: string): unknown =>
      wanted === "action" ? { name: id } : { type: search[wanted].type, id };
    exchange.json(200, {
      page: {
        next_token: more ? token({ key, after: shown.at(-1) ?? page.after ?? "", limit: page.limit }) : "",
        count: shown.length,
        total: found.allowed.length,
      },
      context: { held: found.held.slice(0, maxLimit).map(entity), decision_id: exchange.decisionId },
      results: shown.map(entity),
    });
  } catch (error) {
    if (error instanceof FieldProblem) return exchange.refuse(illTyped(error));
    throw error;
  }
}

async function matches(
  runtime: Runtime,
  compiled: Compiled,
  wanted: SearchFor,
  search: Search,
): Promise<{ allowed: readonly string[]; held: readonly string[] }> {
  const allowed: string[] = [];
  const held: string[] = [];
  let asked = 0;
  for (const id of candidates(compiled, wanted, search)) {
    if (++asked % decisionsAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    const decision = decided(runtime, compiled, {
      subject: { ...search.subject, id: wanted === "subject" ? id : search.subject.id! },
      action: wanted === "action" ? { name: id, properties: {} } : search.action!,
      resource: { ...search.resource, id: wanted === "resource" ? id : search.resource.id! },
      context: search.context,
    });
    if (decision?.outcome === "allow") allowed.push(id);
    else if (decision?.outcome === "hold") held.push(id);
  }
  return { allowed, held };
}

/** Null where the words don't fit together, as a tool under `model.call`: that is no match, not an error. */
function decided(runtime: Runtime, compiled: Compiled, evaluation: Evaluation): Decision | null {
  const { subject, action, resource } = evaluation;
  const own = subject.type === "system" ? actions.find((name) => name === action.name) : undefined;
  if (own !== undefined && resource.type !== resourceTypes[own]) return null;
  return wouldDecide(runtime, compiled, evaluation);
}

/** Everything of the type that the register knows, in one order: a page goes on after the last id of the one before. */
function candidates(compiled: Compiled, wanted: SearchFor, search: Search): readonly string[] {
  const { facts } = compiled.snapshot;
  if (wanted === "action") {
    const own = search.subject.type === "system" ? actions.filter((name) => resourceTypes[name] === search.resource.type) : [];
    return sorted([...own, ...externalActions(compiled)]);
  }
  const { type } = search[wanted];
  const external = facts.externals.filter((one) => one.type === type).map((one) => one.name);
  const own: Readonly<Record<string, readonly { readonly name: string }[]>> =
    wanted === "subject"
      ? { system: facts.systems }
      : { tool: facts.tools, model: facts.models, destination: facts.destinations, system: facts.systems };
  return sorted([...(Object.hasOwn(own, type) ? own[type]! : []).map((one) => one.name).filter((name) => !isProbe(name)), ...external]);
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
}

const actionLiteral = /External::Action::"([^"\\]{1,512})"/g;
const actionsOf = new WeakMap<Compiled, readonly string[]>();

/** Actions are not objects of the register: those that some policy names are the ones anybody could be permitted. */
function externalActions(compiled: Compiled): readonly string[] {
  let names = actionsOf.get(compiled);
  if (names === undefined) {
    const { policies } = compiled.snapshot.facts;
    names = [...new Set(policies.flatMap(({ cedar }) => [...cedar.matchAll(actionLiteral)].map((match) => match[1]!)))];
    actionsOf.set(compiled, names);
  }
  return names;
}

interface PageToken {
  /** Of the question: another question under the token of this one is refused. */
  readonly key: string;
  readonly after: string;
  readonly limit: number;
}

function token(page: PageToken): string {
  return Buffer.from(JSON.stringify([page.key, page.after, page.limit])).toString("base64url");
}

/** Says nothing that its holder may not see, so it needs no signature: a made-up one starts at a made-up place. */
function readToken(search: Search, key: string): { readonly after: string | null; readonly limit: number } {
  const asked = search.page.limit === null ? null : Math.min(search.page.limit, maxLimit);
  if (search.page.token === null) return { after: null, limit: asked ?? defaultLimit };
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(search.page.token, "base64url").toString("utf8"));
  } catch {
    parts = null;
  }
  const [known, after, limit] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const valid = typeof after === "string" && typeof limit === "number" && Number.isSafeInteger(limit) && limit >= 0 && limit <= maxLimit;
  if (known !== key || !valid || (asked !== null && asked !== limit))
    throw new FieldProblem("page.token", "the next_token of the page before, under the same question");
  return { after, limit };
}

function searchDraft(
  runtime: Runtime,
  exchange: Exchange,
  compiled: Compiled,
  caller: AuthzenCaller,
  wanted: SearchFor,
  search: Search,
  total: number,
): EntryDraft {
  const { messages: _content, ...context } = search.context;
  const action = search.action?.name ?? "*";
  const system = search.subject.type === "system" && search.subject.id !== null && compiled.systems.has(search.subject.id) ? search.subject.id : null;
  return {
    type: "decision",
    decisionId: exchange.decisionId,
    system,
    policyVersion: compiled.policy.policyVersion,
    registerVersion: compiled.version,
    outcome: "allow",
    approvals: [],
    retention: "T0",
    terminal: "done",
    payload: {
      caller: { id: caller.id, accountable: caller.accountable },
      requestId: exchange.requestId,
      surface: "authzen",
      search: wanted,
      subject: search.subject,
      action,
      resource: search.resource,
      context,
      total,
    },
    messages: [],
    sessionId: null,
    context: null,
    summary: {
      action: `search.${wanted}`,
      resource: `${search.resource.type}:${search.resource.id ?? "*"}`.slice(0, 200),
      outcome: "allow",
      code: null,
      reason: `A search for each ${wanted} that may found ${total}.`,
      rule: null,
      surface: "authzen",
      credential: null,
      approval: null,
      durationMs: Math.round(runtime.now() - exchange.startedMs),
      tokens: null,
    },
  };
}
