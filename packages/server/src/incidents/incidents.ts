import { incidentQuestions } from "@mandate/frameworks";
import type { IncidentAnswers } from "@mandate/frameworks";
import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { Severity } from "../findings/index.ts";
import { notify } from "../notifications/index.ts";
import { badIncident, clockUnknown } from "./errors.ts";
import { killWithin } from "./kill.ts";
import type { KillScope } from "./kill.ts";
import { readIncident, showIncident } from "./store.ts";
import type { Incident, IncidentRow } from "./store.ts";
import { addEvent } from "./timeline.ts";

type RecordEvidence = (evidence: MutationEvidence) => void;

export interface IncidentPorts {
  /** An incident is a trigger of reassessment (SPEC 2): whoever reassesses hears of it in the same transaction. */
  readonly reassess: (tx: Tx, ctx: ServerContext, record: RecordEvidence, incident: { readonly id: string; readonly title: string; readonly systems: readonly string[] }) => Promise<void>;
}

export interface NewIncident {
  readonly title: string;
  readonly severity: Severity;
  readonly systems: readonly string[];
  /** RFC 3339; absent: now. */
  readonly aware?: string | undefined;
  readonly answers: IncidentAnswers;
  /** Stopped with the opening, in the same transaction. */
  readonly kill: readonly KillScope[];
}

const skewMs = 30_000;

/** Opens an incident: its clocks run from awareness, people hear of it, and what was to be stopped is stopped with it. */
export async function openIncident(ctx: ServerContext, input: NewIncident, ports: IncidentPorts): Promise<Incident> {
  const aware = awareness(input.aware, ctx.now());
  const answers = knownAnswers(input.answers);
  return ctx.transact(async (tx, record) => {
    const systems = [...new Set(input.systems)];
    const { rows } = await sql<{ name: string }>`select name from register_objects where org = ${ctx.org} and kind = 'AISystem' and name = any(${systems})`.execute(tx);
    const missing = systems.filter((name) => !rows.some((row) => row.name === name));
    if (missing.length > 0) throw badIncident("system_unknown", `There is no system ${missing.join(", ")}.`, "Name systems of the register.");
    const id = newId("incident", ctx.now(), ctx.random);
    const by = ctx.actor.email ?? ctx.actor.id;
    await sql`insert into incidents (org, id, title, severity, state, systems, answers, aware_at, opened_at, opened_by)
      values (${ctx.org}, ${id}, ${input.title}, ${input.severity}, 'open', ${systems}, ${JSON.stringify(answers)}::jsonb, ${aware}, ${new Date(ctx.now())}, ${by})`.execute(tx);
    await addEvent(tx, ctx, record, { id, systems }, { kind: "opened", text: input.title, data: { severity: input.severity, aware: aware.toISOString(), answers } });
    for (const scope of input.kill) await killWithin(tx, ctx, record, { scope, reason: input.title, incident: { id, systems } });
    await ports.reassess(tx, ctx, record, { id, title: input.title, systems });
    const incident = await showIncident(tx, ctx.org, id, ctx.now());
    await notify(tx, ctx, {
      kind: "incident.opened",
      thread: id,
      system: systems.length === 1 ? systems[0]! : null,
      to: await concerned(tx, ctx.org, systems),
      subject: `Incident, ${input.severity}: ${input.title}`,
      lines: [`Systems: ${systems.join(", ") || "not known yet"}.`, ...(incident.nextDue === null ? [] : [`The first legal clock that may run ends ${incident.nextDue}.`])],
      path: `/incidents?id=${id}`,
    });
    return incident;
  });
}

function awareness(given: string | undefined, nowMs: number): Date {
  const at = given === undefined ? nowMs : Date.parse(given);
  if (at > nowMs + skewMs) throw badIncident("aware_later", "Nobody becomes aware in the future.", "Give the moment when somebody here first knew.");
  return new Date(Math.min(at, nowMs));
}

function knownAnswers(answers: IncidentAnswers): IncidentAnswers {
  const unknown = Object.keys(answers).filter((id) => !incidentQuestions.has(id));
  if (unknown.length > 0) throw badIncident("answer_unknown", `There is no question ${unknown.join(", ")}.`, `Answer ${[...incidentQuestions.keys()].join(", ")}.`);
  return answers;
}

/** Owners of the systems, and those who govern. */
export async function concerned(tx: Tx, org: string, systems: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ email: string }>`select p.email from person_roles r join people p on p.org = r.org and p.id = r.person_id
      where r.org = ${org} and r.granted_at is not null and r.role in ('governance-lead', 'legal-reviewer', 'security-reviewer') and p.state <> 'deactivated'
    union select lower(o.spec->'owners'->>which) from register_objects o, unnest(array['business', 'technical']) which where o.org = ${org} and o.kind = 'AISystem' and o.name = any(${[...systems]}) and o.spec->'owners'->>which is not null`.execute(tx);
  return rows.map((row) => row.email);
}

async function onOpen<T>(ctx: ServerContext, id: string, work: (tx: Tx, record: RecordEvidence, incident: IncidentRow) => Promise<T>): Promise<Incident> {
  return ctx.transact(async (tx, record) => {
    const incident = await readIncident(tx, ctx.org, id, true);
    if (incident.state === "closed") throw badIncident("closed", "This incident is closed.", "Open another one that names it.", 409);
    await work(tx, record, incident);
    return showIncident(tx, ctx.org, id, ctx.now());
  });
}

export function noteOnIncident(ctx: ServerContext, id: string, text: string): Promise<Incident> {
  return onOpen(ctx, id, (tx, record, incident) => addEvent(tx, ctx, record, incident, { kind: "note", text }));
}

/** New answers stand beside the old on the timeline; the clocks follow what is answered now. */
export function answerIncident(ctx: ServerContext, id: string, answers: IncidentAnswers, reason: string): Promise<Incident> {
  knownAnswers(answers);
  return onOpen(ctx, id, async (tx, record, incident) => {
    const next = { ...incident.answers, ...answers };
    await sql`update incidents set answers = ${JSON.stringify(next)}::jsonb where org = ${ctx.org} and id = ${id}`.execute(tx);
    await addEvent(tx, ctx, record, incident, { kind: "answered", text: reason, data: { answers, was: incident.answers } });
  });
}

/** Somebody here knew earlier than was thought. INVARIANT: only ever earlier, or a deadline could be moved away. */
export function awareEarlier(ctx: ServerContext, id: string, aware: string, reason: string): Promise<Incident> {
  return onOpen(ctx, id, async (tx, record, incident) => {
    const at = awareness(aware, ctx.now());
    if (at.getTime() > incident.awareAt.getTime()) throw badIncident("aware_moved", "Awareness moves back only: a deadline isn't put off by knowing later.", "Give an earlier moment, or leave it.", 409);
    await sql`update incidents set aware_at = ${at} where org = ${ctx.org} and id = ${id}`.execute(tx);
    await addEvent(tx, ctx, record, incident, { kind: "aware", text: reason, data: { aware: at.toISOString(), was: incident.awareAt.toISOString() } });
  });
}

async function requireClock(tx: Tx, ctx: ServerContext, id: string, clock: string): Promise<Incident["clocks"][number]> {
  const found = (await showIncident(tx, ctx.org, id, ctx.now())).clocks.find((one) => one.id === clock);
  if (found === undefined) throw clockUnknown();
  return found;
}

/** Which duty applies is derived; that it does, or doesn't, is a person's word with a reason. */
export function decideClock(ctx: ServerContext, id: string, clock: string, applies: boolean, reason: string): Promise<Incident> {
  return onOpen(ctx, id, async (tx, record, incident) => {
    const found = await requireClock(tx, ctx, id, clock);
    if (ctx.actor.kind !== "person" || ctx.actor.proof === "minted") throw badIncident("not_a_person", "Whether a duty applies is decided by a person acting as themselves.", "Sign in as yourself.", 403);
    if (found.submitted !== null) throw badIncident("submitted", "The notification was submitted already.", "Nothing is left to decide.", 409);
    await sql`insert into incident_clocks (org, incident, clock, applies, decided_by, decided_at, decided_reason) values (${ctx.org}, ${id}, ${clock}, ${applies}, ${ctx.actor.email}, ${new Date(ctx.now())}, ${reason})
      on conflict (org, incident, clock) do update set applies = excluded.applies, decided_by = excluded.decided_by, decided_at = excluded.decided_at, decided_reason = excluded.decided_reason`.execute(tx);
    await addEvent(tx, ctx, record, incident, { kind: applies ? "clock.confirmed" : "clock.declined", text: reason, data: { clock, citation: found.citation, derived: found.derived, due: found.due } });
  });
}

export function draftClock(ctx: ServerContext, id: string, clock: string, text: string): Promise<Incident> {
  return onOpen(ctx, id, async (tx, record, incident) => {
    await requireClock(tx, ctx, id, clock);
    await sql`insert into incident_clocks (org, incident, clock, draft) values (${ctx.org}, ${id}, ${clock}, ${text}) on conflict (org, incident, clock) do update set draft = excluded.draft`.execute(tx);
    await addEvent(tx, ctx, record, incident, { kind: "clock.drafted", text: `Draft for ${clock}`, data: { clock, draft: text } });
  });
}

/** Proof that somebody was told: which document, who, when. */
export function submitClock(ctx: ServerContext, id: string, input: { readonly clock: string; readonly reference: string; readonly at?: string | undefined }): Promise<Incident> {
  return onOpen(ctx, id, async (tx, record, incident) => {
    const found = await requireClock(tx, ctx, id, input.clock);
    if (found.submitted !== null) throw badIncident("submitted", "The notification was submitted already.", "Add a note for what follows.", 409);
    const at = input.at === undefined ? ctx.now() : Date.parse(input.at);
    if (at > ctx.now() + skewMs || at < incident.awareAt.getTime()) throw badIncident("submitted_when", "A notification is submitted between awareness and now.", "Give the moment on the receipt.");
    const by = ctx.actor.email ?? ctx.actor.id;
    await sql`insert into incident_clocks (org, incident, clock, applies, decided_by, decided_at, decided_reason, submitted_at, submitted_by, reference)
        values (${ctx.org}, ${id}, ${input.clock}, true, ${by}, ${new Date(ctx.now())}, 'submitted', ${new Date(at)}, ${by}, ${input.reference})
      on conflict (org, incident, clock) do update set applies = true, decided_by = coalesce(incident_clocks.decided_by, excluded.decided_by), decided_at = coalesce(incident_clocks.decided_at, excluded.decided_at), decided_reason = coalesce(incident_clocks.decided_reason, excluded.decided_reason),
        submitted_at = excluded.submitted_at, submitted_by = excluded.submitted_by, reference = excluded.reference`.execute(tx);
    const late = at > Date.parse(found.due);
    await addEvent(tx, ctx, record, incident, { kind: "clock.submitted", text: `${found.title}: ${input.reference}`, data: { clock: input.clock, reference: input.reference, submitted: new Date(at).toISOString(), due: found.due, late, draft: found.draft } });
  });
}

/** Not while a duty is undecided or unmet. */
export function closeIncident(ctx: ServerContext, id: string, how: string): Promise<Incident> {
  return onOpen(ctx, id, async (tx, record, incident) => {
    const { clocks } = await showIncident(tx, ctx.org, id, ctx.now());
    const open = clocks.filter((one) => one.submitted === null && one.state !== "declined");
    if (open.length > 0) throw badIncident("clocks_open", `${open.map((one) => one.title).join(", ")}: decided neither by submission nor by a person's word.`, "Submit each notification, or say why the duty doesn't apply.", 409);
    await sql`update incidents set state = 'closed', closed_at = ${new Date(ctx.now())}, closed_by = ${ctx.actor.email ?? ctx.actor.id}, closed_how = ${how} where org = ${ctx.org} and id = ${id}`.execute(tx);
    await addEvent(tx, ctx, record, incident, { kind: "closed", text: how });
  });
}
