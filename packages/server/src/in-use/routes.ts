import { AppError, entities, isMcpMethodTool } from "@mandate/model";
import { z } from "zod";
import { currentAuthorizations, inForce } from "../authorization/index.ts";
import type { Database, Tx } from "../database/index.ts";
import { listFindings } from "../findings/index.ts";
import type { Finding } from "../findings/index.ts";
import { pathName } from "../http/index.ts";
import type { App } from "../http/index.ts";
import { casesAbout, lastDecided } from "../reassessment/index.ts";
import { loadPins, loadRegister, toolNames } from "../registry/index.ts";
import type { Register, ToolPin } from "../registry/index.ts";
import { callsOf, together } from "./calls.ts";
import { inUse, waysOf } from "./users.ts";

const kinds = ["model", "prompt", "tool", "mcp-server", "agent", "dataset", "destination", "vendor"] as const;
type Kind = (typeof kinds)[number];

const text = z.string();
const tally = z.object({ allow: z.number(), hold: z.number(), deny: z.number() });
const user = z.object({ system: text, through: z.array(text).readonly() });
const pinState = z.enum(["pinned", "changed", "refused", "unpinned"]);
const item = z.object({
  ref: text,
  name: text,
  users: z.array(user).readonly(),
  namedBy: z.array(text).readonly(),
  /** Null: no call shows it. */
  calls24h: tally.nullable(),
  lastSeen: text.nullable(),
  reviewedAt: text.nullable(),
  findings: z.number(),
  pin: pinState.nullable(),
});
const authorization = z.object({ id: text, number: z.number(), type: text, state: text, ends: text.nullable() });
const detail = item.omit({ users: true, findings: true }).extend({
  users: z.array(user.extend({ title: text, authorization: authorization.nullable() })),
  ways: z.array(z.object({ ref: text, calls24h: tally, lastSeen: text.nullable() })),
  findings: z.array(z.object({ id: text, title: text, system: text.nullable(), severity: text, due: text })),
  cases: z.array(z.object({ id: text, title: text, class: text, state: text, openedAt: text, due: text.nullable() })),
});

const maxFindings = 2000;
const maxCases = 20;

/** Objects of the register from their own end: who uses them, what was seen of them, what is open about them. */
export function inUseRoutes(app: App, { db, org, now }: { readonly db: Database; readonly org: string; readonly now: () => number }): void {
  app.get(
    "/api/v1/use",
    { config: { access: "signed-in" }, schema: { operationId: "listUse", summary: "Of each object of a kind: who uses it, calls of 24 hours, when it was last seen and reviewed, open findings", querystring: z.strictObject({ kind: z.enum(kinds) }), response: { 200: z.object({ items: z.array(item) }) } } },
    async ({ query }) => ({ items: await db.read(org, (tx) => listUse(tx, org, now(), query.kind)) }),
  );

  app.get(
    "/api/v1/use/:kind/:name",
    { config: { access: "signed-in" }, schema: { operationId: "getUse", summary: "One object: who uses it and by which authorization, ways it was called, open findings, reassessments about it", params: z.object({ kind: z.enum(kinds), name: pathName }), response: { 200: detail } } },
    async ({ params }) => {
      const found = await db.read(org, (tx) => getUse(tx, org, now(), params.kind, params.name));
      if (found === undefined) throw new AppError({ code: "registry.not_found", status: 404, message: `There is no ${params.kind} with this name.`, remedies: [{ text: "List what there is.", command: `npx mandate get ${params.kind}s` }] });
      return found;
    },
  );
}

function namesOf(kind: Kind, register: Register): string[] {
  const definition = Object.values(entities).find((one) => one.reference === kind);
  return definition === undefined ? [] : register.all(definition.kind).map((one) => one.name);
}

async function listUse(tx: Tx, org: string, nowMs: number, kind: Kind): Promise<z.infer<typeof item>[]> {
  const { register, pins, users, namedBy } = await load(tx, org);
  const names = namesOf(kind, register);
  const refs = names.map((name) => `${kind}:${name}`);
  const ways = new Map(refs.map((ref) => [ref, waysOf(ref, register, pins, namedBy)]));
  const calls = await callsOf(tx, org, nowMs, [...new Set([...ways.values()].flatMap((of) => of ?? []))]);
  const decided = await lastDecided(tx, org, refs);
  const open = await listFindings(tx, org, nowMs, { state: "open", limit: maxFindings });
  return names.map((name) => {
    const ref = `${kind}:${name}`;
    const of = ways.get(ref) ?? null;
    const sum = of === null ? null : together(of, calls);
    return {
      ref,
      name,
      users: users.get(ref) ?? [],
      namedBy: namedBy.get(ref) ?? [],
      calls24h: sum?.calls24h ?? null,
      lastSeen: sum?.lastSeen ?? null,
      reviewedAt: decided.get(ref)?.toISOString() ?? null,
      findings: open.filter((finding) => isAbout(finding, name)).length,
      pin: pinOf(kind, name, register, pins),
    };
  });
}

async function getUse(tx: Tx, org: string, nowMs: number, kind: Kind, name: string): Promise<z.infer<typeof detail> | undefined> {
  const { register, pins, users, namedBy } = await load(tx, org);
  if (!namesOf(kind, register).includes(name)) return undefined;
  const ref = `${kind}:${name}`;
  const ways = waysOf(ref, register, pins, namedBy);
  const calls = await callsOf(tx, org, nowMs, ways ?? []);
  const sum = ways === null ? null : together(ways, calls);
  const authorizations = await currentAuthorizations(tx, org);
  // A server's drift is a case of each of its tools.
  const subjects = kind === "mcp-server" ? [ref, ...(ways ?? [])] : [ref];
  const cases = await casesAbout(tx, org, subjects, maxCases);
  const open = (await listFindings(tx, org, nowMs, { state: "open", limit: maxFindings })).filter((finding) => isAbout(finding, name));
  return {
    ref,
    name,
    users: (users.get(ref) ?? []).map((one) => {
      const held = inForce(authorizations.get(one.system) ?? []);
      return { ...one, title: register.get("AISystem", one.system)?.spec.title ?? one.system, authorization: held === undefined ? null : { id: held.id, number: held.number, type: held.type, state: held.state, ends: held.ends?.toISOString() ?? null } };
    }),
    namedBy: namedBy.get(ref) ?? [],
    calls24h: sum?.calls24h ?? null,
    lastSeen: sum?.lastSeen ?? null,
    reviewedAt: (await lastDecided(tx, org, [ref])).get(ref)?.toISOString() ?? null,
    pin: pinOf(kind, name, register, pins),
    ways: (ways ?? []).map((way) => ({ ref: way, ...together([way], calls) })),
    findings: open.map(({ id, title, system, severity, due }) => ({ id, title, system, severity, due })),
    cases: cases.map((one) => ({ id: one.id, title: one.title, class: one.class, state: one.state, openedAt: one.openedAt.toISOString(), due: one.dueAt?.toISOString() ?? null })),
  };
}

async function load(tx: Tx, org: string) {
  const register = await loadRegister(tx, org);
  const pins = await loadPins(tx, org);
  return { register, pins, ...inUse(register, pins) };
}

/** Its name stands in the finding as a word of its own. */
function isAbout({ title, detail: more }: Finding, name: string): boolean {
  const whole = `${title} ${more}`;
  for (let at = whole.indexOf(name); at >= 0; at = whole.indexOf(name, at + 1)) {
    const [before, after] = [whole.charAt(at - 1), whole.slice(at + name.length, at + name.length + 2)];
    if (!/[\w.-]/.test(before) && !/^(?:[\w-]|\.\w)/.test(after)) return true;
  }
  return false;
}

const worst = ["refused", "changed", "unpinned", "pinned"] as const;

/** Of a tool on a server: how its definition stands. Of a server: the worst of its tools. */
function pinOf(kind: Kind, name: string, register: Register, pins: readonly ToolPin[]): z.infer<typeof pinState> | null {
  const stateOf = (pin: ToolPin) => (pin.refused === true ? "refused" : pin.seenHash !== null && pin.seenHash !== pin.pinnedHash ? "changed" : "pinned") as z.infer<typeof pinState>;
  if (kind === "mcp-server") {
    const states = pins.filter((pin) => pin.server === name).map(stateOf);
    return worst.find((state) => states.includes(state)) ?? "unpinned";
  }
  const tool = kind === "tool" ? register.get("Tool", name) : undefined;
  if (tool?.spec.server === undefined) return null;
  const server = tool.spec.server.slice("mcp-server:".length);
  const names = toolNames(tool);
  if (names.some(isMcpMethodTool)) return null;
  const pin = pins.find((one) => one.server === server && names.includes(one.tool));
  return pin === undefined ? "unpinned" : stateOf(pin);
}
