import { deriveClocks, legalClock } from "@mandate/frameworks";
import type { IncidentAnswers } from "@mandate/frameworks";

/** What people said about one clock of one incident. */
export interface ClockRow {
  readonly clock: string;
  readonly applies: boolean | null;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly decidedReason: string | null;
  readonly draft: string | null;
  readonly submittedAt: Date | null;
  readonly submittedBy: string | null;
  readonly reference: string | null;
  readonly reminded: number;
}

export const clockStates = ["unconfirmed", "running", "overdue", "submitted", "late", "declined"] as const;

export interface IncidentClock {
  readonly id: string;
  readonly title: string;
  readonly citation: string;
  readonly appliesFrom: string;
  readonly hours: number;
  readonly to: string;
  readonly due: string;
  /** `likely` or `perhaps` by the answers; `no`: they don't lead to it, and a person kept it. */
  readonly derived: "likely" | "perhaps" | "no";
  /** Questions it rests on that nobody answered. */
  readonly open: readonly string[];
  readonly state: (typeof clockStates)[number];
  readonly confirmed: { readonly by: string; readonly at: string; readonly reason: string } | null;
  readonly draft: string;
  readonly submitted: { readonly at: string; readonly by: string; readonly reference: string; readonly late: boolean } | null;
}

export interface ClockedIncident {
  readonly id: string;
  readonly title: string;
  readonly systems: readonly string[];
  readonly severity: string;
  readonly answers: IncidentAnswers;
  readonly awareAt: Date;
}

/**
 * The clocks of an incident at one moment: those its answers lead to, and those a person decided whatever was answered
 * since. INVARIANT: a clock that nobody declined runs, confirmed or not; doubt never stops a deadline.
 */
export function clocksOf(incident: ClockedIncident, rows: readonly ClockRow[], nowMs: number): readonly IncidentClock[] {
  const derived = deriveClocks(incident.answers, incident.awareAt.toISOString());
  const known = new Set(derived.map((one) => one.id));
  const kept = rows.flatMap((row) => (known.has(row.clock) || row.applies === null ? [] : (legalClock(row.clock) ?? [])));
  return [...derived, ...kept.map((clock) => ({ ...clock, derived: "no" as const, open: [] }))].map((clock): IncidentClock => {
    const row = rows.find((one) => one.clock === clock.id);
    const due = incident.awareAt.getTime() + clock.hours * 3_600_000;
    const submitted = row?.submittedAt == null ? null : { at: row.submittedAt.toISOString(), by: row.submittedBy ?? "", reference: row.reference ?? "", late: row.submittedAt.getTime() > due };
    return {
      id: clock.id,
      title: clock.title,
      citation: clock.citation,
      appliesFrom: clock.appliesFrom,
      hours: clock.hours,
      to: clock.to,
      due: new Date(due).toISOString(),
      derived: clock.derived,
      open: clock.open,
      state: submitted !== null ? (submitted.late ? "late" : "submitted") : row?.applies === false ? "declined" : nowMs >= due ? "overdue" : row?.applies === true ? "running" : "unconfirmed",
      confirmed: row?.applies == null ? null : { by: row.decidedBy ?? "", at: row.decidedAt?.toISOString() ?? "", reason: row.decidedReason ?? "" },
      draft: row?.draft ?? draftOf(incident, clock),
      submitted,
    };
  });
}

/** A first text for whoever must be told. What nobody knows yet is said so, never guessed. */
export function draftOf(incident: ClockedIncident, clock: { readonly title: string; readonly citation: string; readonly to: string; readonly hours: number }): string {
  const said = Object.entries(incident.answers).map(([id, value]) => `- ${id}: ${value ? "yes" : "no"}`);
  return [
    `To: ${clock.to}`,
    `Notification under ${clock.citation} (${clock.title})`,
    "",
    `Incident ${incident.id}: ${incident.title}`,
    `Aware since: ${incident.awareAt.toISOString()}; to be notified within ${clock.hours} hours.`,
    `Systems: ${incident.systems.join(", ") || "not known yet"}`,
    `Severity, as we judge it: ${incident.severity}`,
    "",
    "What is known so far:",
    ...(said.length === 0 ? ["- nothing has been answered yet"] : said),
    "",
    "Nature and cause: [not known yet]",
    "People affected, number and categories: [not known yet]",
    "Likely consequences: [not known yet]",
    "Measures taken or proposed: [see the timeline]",
    "Contact: [name, role, telephone]",
  ].join("\n");
}

/** Of an instant, as people read it: `2026-11-23 22:03 UTC`. */
export function minuteOf(instant: string): string {
  return `${instant.slice(0, 16).replace("T", " ")} UTC`;
}

/** How far the reminding has gone: half the time, the last quarter, past the deadline. */
export function reminderStage(clock: Pick<IncidentClock, "due" | "hours">, nowMs: number): 0 | 1 | 2 | 3 {
  const left = Date.parse(clock.due) - nowMs;
  const whole = clock.hours * 3_600_000;
  return left <= 0 ? 3 : left <= whole / 4 ? 2 : left <= whole / 2 ? 1 : 0;
}
