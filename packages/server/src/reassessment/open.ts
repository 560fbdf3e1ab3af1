import { AppError, newId } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { openCaseByKey, systemsOf } from "./store.ts";
import type { CaseChange } from "./store.ts";
import { reassessmentDays, triggers, worst } from "./triggers.ts";
import type { ChangeClass, Trigger } from "./triggers.ts";

type RecordEvidence = (evidence: MutationEvidence) => void;
const dayMs = 86_400_000;

export interface AffectedSystem {
  readonly system: string;
  /** What is denied, as `kind:name`; it only says so where nothing in the register differs. */
  readonly differences?: readonly string[];
  /** Absent: the one change that the case is about. */
  readonly changes?: readonly CaseChange[];
  /** E-mails told of it; normally both owners. */
  readonly owners?: readonly string[];
}

export interface NewReassessment {
  /** Same change, same key: while its case is open, another report adds to it. */
  readonly key: string;
  readonly trigger: Trigger;
  /** Absent: the trigger's. */
  readonly class?: ChangeClass;
  /** `vendor:acme`, `model:gpt`, `system:helper`, `served:MODEL ID`. */
  readonly subject: string;
  /** One line, in words a person understands. */
  readonly title: string;
  /** Who or what noticed: an e-mail, `gateway`, `register`, `check`. */
  readonly observedBy: string;
  readonly old: unknown;
  readonly new: unknown;
  readonly url?: string | undefined;
  /** `case` where nothing in the register differs: the case itself is then what refuses. */
  readonly heldBy: "version" | "case";
  readonly systems: readonly AffectedSystem[];
}

/** A case holds at most this many reports of the same change; more say nothing new. */
const maxEvents = 100;
const maxTextLength = 300;

/**
 * Opens a case about one change, or adds to the open one. The next call feels it as soon as this commits (G6); who calls
 * it with `heldBy: "case"` runs `reconcile` after it in the same transaction, which puts the question to the approvers.
 * @returns the case's id
 */
export async function openReassessment(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, change: NewReassessment): Promise<string> {
  if (change.systems.length > 10_000) throw new AppError({ code: "reassessment.too_many", status: 422, message: "One change reaches at most 10,000 systems.", remedies: [{ text: "Report it for fewer." }] });
  const now = new Date(ctx.now());
  const kind = change.class ?? triggers[change.trigger];
  const title = change.title.slice(0, maxTextLength);
  const known = await openCaseByKey(tx, ctx.org, change.key);
  const id = known?.id ?? newId("reassessment", ctx.now(), ctx.random);
  const due = kind === "A" ? null : kind === "C" ? now : new Date(now.getTime() + reassessmentDays * dayMs);
  if (known === undefined) {
    await sql`insert into reassessments (org, id, key, trigger, title, subject, class, state, observed_by, opened_by, url, opened_at, due_at)
      values (${ctx.org}, ${id}, ${change.key}, ${change.trigger}, ${title}, ${change.subject.slice(0, maxTextLength)}, ${kind}, 'open', ${change.observedBy}, ${ctx.actor.id}, ${change.url ?? null}, ${now}, ${due})`.execute(tx);
  } else if (worst([known.class, kind]) !== known.class) {
    await sql`update reassessments set class = ${kind}, due_at = ${due} where org = ${ctx.org} and id = ${id}`.execute(tx);
  }
  const added = await addEvent(tx, ctx, id, kind, title, change);
  const before = new Map(((await systemsOf(tx, ctx.org, [id])).get(id) ?? []).map((one) => [one.system, one]));
  const fresh: string[] = [];
  for (const one of change.systems) {
    const changes = one.changes ?? [{ class: kind, trigger: change.trigger, subject: change.subject, what: title, old: change.old, new: change.new }];
    const own = worst(changes.map((each) => each.class));
    const was = before.get(one.system);
    // A due date never moves back: changing again doesn't buy another 14 days.
    const kept = was !== undefined && was.outcome === null ? was.dueAt : null;
    const ownDue = own === "A" ? null : own === "C" ? now : (kept ?? new Date(now.getTime() + reassessmentDays * dayMs));
    await sql`insert into reassessment_systems (org, reassessment_id, system, class, held_by, differences, changes, opened_at, due_at)
      values (${ctx.org}, ${id}, ${one.system}, ${own}, ${change.heldBy}, ${[...(one.differences ?? [])]}, ${JSON.stringify(changes)}, ${now}, ${ownDue})
      on conflict (org, reassessment_id, system) do update set class = excluded.class, differences = excluded.differences, changes = excluded.changes, due_at = excluded.due_at, held_by = excluded.held_by,
        opened_at = case when reassessment_systems.outcome is not null or reassessment_systems.changes <> excluded.changes then excluded.opened_at else reassessment_systems.opened_at end,
        outcome = null, reason = null, decided_by = null, decided_email = null, decided_at = null, authorization_id = null`.execute(tx);
    if (was === undefined || was.outcome !== null) {
      fresh.push(one.system);
      await notify(tx, ctx, { kind: "reassessment.opened", thread: id, system: one.system, to: one.owners ?? [], subject: `${one.system} has to be reassessed`, lines: [title, ...(ownDue ? [`Due ${ownDue.toISOString().slice(0, 10)}.`] : [])], path: `/reassessments/${id}` });
    }
  }
  if (known === undefined || fresh.length > 0 || added) {
    record({
      type: "reassessment",
      ...(change.systems.length === 1 ? { system: change.systems[0]!.system } : {}),
      payload: { event: known === undefined ? "opened" : "added", reassessment: id, trigger: change.trigger, class: kind, subject: change.subject, title, observedBy: change.observedBy, old: change.old, new: change.new, systems: change.systems.map((one) => one.system), due: due?.toISOString() ?? null },
    });
  }
  return id;
}

/** @returns false where the newest report of this case says the same, or it holds enough of them */
async function addEvent(tx: Tx, ctx: CommandContext<Tx>, id: string, kind: ChangeClass, title: string, change: NewReassessment): Promise<boolean> {
  const { rows } = await sql<{ events: number; same: boolean | null }>`select count(*)::int as events, bool_or(new is not distinct from ${JSON.stringify(change.new ?? null)}::jsonb and what = ${title}) as same
    from change_events where org = ${ctx.org} and reassessment_id = ${id}`.execute(tx);
  const [counted] = rows;
  if (counted !== undefined && (counted.same === true || counted.events >= maxEvents)) return false;
  await noteChange(tx, ctx, { trigger: change.trigger, class: kind, subject: change.subject.slice(0, maxTextLength), what: title, old: change.old, new: change.new, observedBy: change.observedBy, reassessment: id });
  return true;
}

/** One row of what changed; a class A change is nothing else. */
export async function noteChange(tx: Tx, ctx: CommandContext<Tx>, event: { readonly trigger: Trigger; readonly class: ChangeClass; readonly subject: string; readonly what: string; readonly old: unknown; readonly new: unknown; readonly observedBy: string; readonly reassessment: string | null }): Promise<void> {
  await sql`insert into change_events (org, id, trigger, class, subject, what, old, new, observed_by, reassessment_id, at)
    values (${ctx.org}, ${newId("changeEvent", ctx.now(), ctx.random)}, ${event.trigger}, ${event.class}, ${event.subject}, ${event.what}, ${JSON.stringify(event.old ?? null)}, ${JSON.stringify(event.new ?? null)}, ${event.observedBy}, ${event.reassessment}, ${new Date(ctx.now())})`.execute(tx);
}
