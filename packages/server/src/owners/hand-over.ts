import { AppError, definitionOf } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import type { ManifestObject } from "@mandate/model/manifest";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { applyObjects, loadRegister, lockRegister } from "../registry/index.ts";
import type { RegisterPorts, StoredObject } from "../registry/index.ts";

export interface HandedSeat {
  readonly kind: EntityKind;
  readonly name: string;
  readonly seat: "business" | "technical" | "owner";
  /** `asked`: the seat was vacant, and the successor says yes before they hold it. `kept`: see `why`. */
  readonly outcome: "handed" | "asked" | "kept";
  readonly why: string | null;
  /** The question to the successor. */
  readonly approval: string | null;
}

export interface HandOver {
  readonly to: string;
  readonly reason: string;
  readonly dryRun: boolean;
}

/**
 * Everything that somebody owns to somebody else, in one transaction: each object is written as an edit would write it,
 * with its own history and entry. INVARIANT: it hands nothing to whoever asks for it, and no more than an edit would: a
 * seat taken so approves from the next day on, a vacant one once its successor said yes.
 */
export async function handOver(ctx: ServerContext, ports: RegisterPorts, from: string, { to, reason, dryRun }: HandOver): Promise<readonly HandedSeat[]> {
  requireSay(ctx, from, to);
  return ctx.transact(async (tx, record) => {
    await requireHere(tx, ctx.org, to);
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const { rows: over } = await sql<{ system: string }>`select system from system_states where org = ${ctx.org} and halt = 'retired'`.execute(tx);
    const retired = new Set(over.map((one) => one.system));
    const owned = [...(await loadRegister(tx, ctx.org)).values()].filter((one) => definitionOf(one.kind).manifest).map((object) => ({ object, seats: seatsIn(object, from) })).filter((one) => one.seats.length > 0);
    const planned = owned.map(({ object, seats }) => plan(object, seats, to, object.kind === "AISystem" && retired.has(object.name)));
    const changed = planned.filter((one) => one.spec !== null);
    const seats = planned.flatMap((one) => one.seats);
    if (dryRun || changed.length === 0) return seats;
    const within: CommandContext<Tx> = { ...ctx, transact: (work) => work(tx, record), read: (work) => work(tx) };
    await applyObjects(within, ports, changed.map(({ object, spec }) => asManifest(object, spec!)), { reason, file: `hand-over/${from}` });
    const asked = await askedOf(tx, ctx.org, to);
    const outcome = seats.map((one) => {
      const approval = one.outcome === "handed" && one.kind === "AISystem" ? asked.get(`${one.name} ${one.seat}`) : undefined;
      return approval === undefined ? one : { ...one, outcome: "asked" as const, approval };
    });
    record({ type: "person", payload: { event: "owner.handed_over", from, to, reason, by: ctx.actor.id, seats: outcome.map(({ kind, name, seat, outcome: what }) => ({ kind, name, seat, outcome: what })) } });
    await tell(tx, ctx, from, to, outcome);
    return outcome;
  });
}

function requireSay(ctx: ServerContext, from: string, to: string): void {
  const { actor } = ctx;
  if (from === to) throw new AppError({ code: "owners.same_person", status: 400, message: "They have these seats already.", remedies: [{ text: "Name another person." }] });
  if (actor.email !== from && !actor.roles.some((role) => role === "governance-lead" || role === "administrator")) {
    throw new AppError({ code: "owners.not_yours", status: 403, message: "Seats are handed over by the person who holds them, a governance lead or an administrator.", remedies: [{ text: "Ask one of them." }] });
  }
  if (actor.email === to) throw new AppError({ code: "owners.own_gain", status: 403, message: "Nobody hands another's seats to themselves.", remedies: [{ text: "Ask the person who holds them, or another governance lead." }] });
}

async function requireHere(tx: Tx, org: string, email: string): Promise<void> {
  const { rows } = await sql`select 1 from people where org = ${org} and email = ${email} and state <> 'deactivated'`.execute(tx);
  if (rows.length > 0) return;
  // An unknown owner in a manifest is invited; here one letter wrong would hand everything to nobody.
  throw new AppError({ code: "owners.person_unknown", status: 404, message: "Nobody who is here has this e-mail.", remedies: [{ text: "List people.", command: "npx mandate person list" }, { text: "Or add the person first.", command: "npx mandate person add EMAIL --name NAME" }] });
}

type Seat = HandedSeat["seat"];

function seatsIn({ kind, spec }: StoredObject, email: string): Seat[] {
  const is = (value: unknown): boolean => typeof value === "string" && value.toLowerCase() === email;
  const fields = spec as { readonly owner?: unknown; readonly owners?: { readonly business?: unknown; readonly technical?: unknown } };
  if (kind !== "AISystem") return is(fields.owner) ? ["owner"] : [];
  return (["business", "technical"] as const).filter((seat) => is(fields.owners?.[seat]));
}

/** The spec with its seats changed, or null where all of them stay. */
function plan(object: StoredObject, held: readonly Seat[], to: string, isRetired: boolean): { readonly object: StoredObject; readonly seats: HandedSeat[]; readonly spec: Record<string, unknown> | null } {
  const seat = (of: Seat, why: string | null): HandedSeat => ({ kind: object.kind, name: object.name, seat: of, outcome: why === null ? "handed" : "kept", why, approval: null });
  const spec = object.spec as unknown as Record<string, unknown>;
  if (isRetired) return { object, seats: held.map((of) => seat(of, "The system is retired.")), spec: null };
  if (held[0] === "owner") return { object, seats: [seat("owner", null)], spec: { ...spec, owner: to } };
  let owners = spec["owners"] as Record<string, string>;
  const seats = held.map((of) => {
    const other = owners[of === "business" ? "technical" : "business"];
    if (other?.toLowerCase() === to) return seat(of, `${to} holds the other seat, and a system needs two people.`);
    owners = { ...owners, [of]: to };
    return seat(of, null);
  });
  return { object, seats, spec: seats.some((one) => one.outcome === "handed") ? { ...spec, owners } : null };
}

function asManifest({ kind, name, unit, labels }: StoredObject, spec: Record<string, unknown>): ManifestObject {
  return { kind, name, metadata: { unit, labels }, spec, placeOf: () => ({ line: 1, column: 1 }) };
}

/** Vacant seats for which this successor was asked, by `system seat`. */
async function askedOf(tx: Tx, org: string, successor: string): Promise<Map<string, string>> {
  const { rows } = await sql<{ system: string; seat: string; approval: string }>`select system, seat, approval_id as approval from owner_vacancies where org = ${org} and successor = ${successor} and approval_id is not null and ended_at is null`.execute(tx);
  return new Map(rows.map((one) => [`${one.system} ${one.seat}`, one.approval]));
}

async function tell(tx: Tx, ctx: ServerContext, from: string, to: string, seats: readonly HandedSeat[]): Promise<void> {
  const moved = seats.filter((one) => one.outcome !== "kept");
  if (moved.length === 0) return;
  const names = moved.map((one) => `${one.name} (${one.seat})`);
  await notify(tx, ctx, {
    kind: "owner.changed",
    thread: `owner-${from}`,
    system: null,
    to: [from, to].filter((one) => one !== ctx.actor.email),
    subject: `${moved.length === 1 ? "One seat" : `${moved.length} seats`} of ${from} ${moved.length === 1 ? "goes" : "go"} to ${to}`,
    lines: [`${names.slice(0, 20).join(", ")}${names.length > 20 ? `, and ${names.length - 20} more` : ""}.`, "If this is a mistake, hand them back."],
    path: "/settings",
  });
}
