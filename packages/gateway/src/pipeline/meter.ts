import { hash } from "node:crypto";
import type { ShareLimitFacts, SystemFacts } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";
import { Counters, type Lease } from "./lease.ts";
import { People } from "./people.ts";
import { microEuros } from "./prices.ts";

export interface Estimate {
  readonly tokens: number;
  readonly microEuros: number;
}

export interface Reservation {
  /** Replaces the worst case by what was used. Exactly once has an effect, on whatever end. */
  settle(used: Estimate): void;
}

export interface SpentBefore extends Estimate {
  readonly system: string;
  /** Null: of the system as a whole. */
  readonly credential: string | null;
  readonly calls: number;
  readonly microEurosThisMonth: number;
}

/** Who uses a limit. */
export interface Spender {
  readonly credential: string;
  /** Subject of the verified user, or null. */
  readonly person: string | null;
}

export interface MeterOptions {
  /** Null: this gateway has the whole of each limit. */
  readonly lease: Lease | null;
  readonly warn: (event: string, details: Readonly<Record<string, unknown>>) => void;
  /** What was used of the day and month of `nowMs` before this process began; for gateways without leases. */
  readonly before?: readonly SpentBefore[];
  readonly nowMs?: number;
}

type Window = "minute" | "day" | "month";

interface Charge {
  readonly key: string;
  readonly window: Window;
  readonly span: string;
  /** Null: counted, because it may be limited later in its window. */
  readonly limit: number | null;
  readonly need: number;
  /** What is used in the end, of this charge's kind. */
  readonly of: (used: Estimate) => number;
  readonly what: string;
  readonly param: string;
}

const dayMs = 86_400_000;

/**
 * Limits of systems, and of each credential and person within one. The worst case is reserved before a call and settled
 * after, so that many calls at once can't together pass a limit that each alone would keep. Where several gateways share
 * a limit each holds slices of it, leased from the control plane.
 */
export class Meter {
  readonly #counters: Counters;
  readonly #people: People;

  constructor({ lease, warn, before = [], nowMs = 0 }: MeterOptions) {
    this.#counters = new Counters({ lease, warn });
    this.#people = new People(lease, warn);
    // With leases the control plane remembers what was taken.
    if (lease !== null) return;
    const { day, month } = spansOf(nowMs);
    for (const spent of before) {
      const who = spent.credential === null ? `system:${spent.system}` : `credential:${spent.credential}`;
      this.#counters.add(`${who} calls day`, day, spent.calls);
      this.#counters.add(`${who} tokens day`, day, spent.tokens);
      this.#counters.add(`${who} euros day`, day, spent.microEuros);
      if (spent.credential === null) this.#counters.add(`${who} euros month`, month, spent.microEurosThisMonth);
    }
  }

  async reserve(system: SystemFacts, spender: Spender, estimate: Estimate, nowMs: number): Promise<Reservation | Refusal> {
    const charges = chargesOf(system, spender, estimate, nowMs);
    const { peoplePerDay } = system.limits;
    let admitted = spender.person === null || peoplePerDay === null;
    // A slice that came may be gone again, to calls that waited beside this one. It ends: each round, something is granted
    // out of a limit, or nothing is and the call is refused.
    for (;;) {
      const short = charges.filter(({ key, span, limit, need }) => limit !== null && !this.#counters.fits(key, span, limit, need));
      if (short.length === 0) {
        if (admitted) return this.#commit(charges);
        // Last, so that nobody is counted for a call that another limit refuses.
        admitted = await this.#people.admit(system.name, spender.person!, peoplePerDay!, spansOf(nowMs).day);
        if (!admitted) return refusalOf(system, { window: "day", what: `${peoplePerDay} people a day`, param: "limits.peoplePerDay" }, nowMs);
        continue;
      }
      const granted = await Promise.all(short.map(({ key, span, limit, need }) => this.#counters.lease(key, span, limit!, need, nowMs)));
      const none = granted.indexOf(false);
      if (none >= 0) return refusalOf(system, short[none]!, nowMs);
    }
  }

  #commit(charges: readonly Charge[]): Reservation {
    for (const { key, span, need } of charges) this.#counters.add(key, span, need);
    let open = true;
    return {
      settle: (used) => {
        if (!open) return;
        open = false;
        for (const { key, span, need, of } of charges) this.#counters.addIfCurrent(key, span, of(used) - need);
      },
    };
  }
}

function chargesOf(system: SystemFacts, { credential, person }: Spender, estimate: Estimate, nowMs: number): Charge[] {
  const { limits, name } = system;
  const spans = spansOf(nowMs);
  const charges: Charge[] = [];
  const charge = (who: string, unit: "calls" | "tokens" | "euros", window: Window, limit: number | null, what: string, param: string): void => {
    const of = { calls: () => 1, tokens: (used: Estimate) => used.tokens, euros: (used: Estimate) => used.microEuros }[unit];
    charges.push({ key: `${who} ${unit} ${window}`, window, span: spans[window], limit, need: of(estimate), of, what, param });
  };
  const money = (decimal: string | null): number | null => (decimal === null ? null : microEuros(decimal));
  charge(`system:${name}`, "calls", "minute", limits.callsPerMinute, `${limits.callsPerMinute} calls a minute`, "limits.callsPerMinute");
  charge(`system:${name}`, "calls", "day", limits.callsPerDay, `${limits.callsPerDay} calls a day`, "limits.callsPerDay");
  charge(`system:${name}`, "tokens", "day", limits.tokensPerDay, `${limits.tokensPerDay} tokens a day`, "limits.tokensPerDay");
  charge(`system:${name}`, "euros", "day", money(limits.eurosPerDay), `€${limits.eurosPerDay} a day`, "limits.eurosPerDay");
  charge(`system:${name}`, "euros", "month", money(limits.eurosPerMonth), `€${limits.eurosPerMonth} a month`, "limits.eurosPerMonth");
  const share = (who: string, of: string, limit: ShareLimitFacts | undefined, param: string): void => {
    if (limit === undefined) return;
    charge(who, "calls", "day", limit.callsPerDay, `${limit.callsPerDay} calls a day for each ${of}`, `${param}.callsPerDay`);
    charge(who, "tokens", "day", limit.tokensPerDay, `${limit.tokensPerDay} tokens a day for each ${of}`, `${param}.tokensPerDay`);
    charge(who, "euros", "day", money(limit.eurosPerDay), `€${limit.eurosPerDay} a day for each ${of}`, `${param}.eurosPerDay`);
  };
  share(`credential:${credential}`, "credential", limits.perCredential, "limits.perCredential");
  if (person !== null) share(`person:${name} ${hash("sha256", person, "hex").slice(0, 32)}`, "person", limits.perPerson, "limits.perPerson");
  return charges;
}

function refusalOf(system: SystemFacts, { window, what, param }: Pick<Charge, "window" | "what" | "param">, nowMs: number): Refusal {
  return {
    ...refuse(
      window === "minute" ? "rate" : "budget",
      `${system.title} would pass its limit of ${what}.`,
      { text: "Wait until the window ends, or have its owners raise the limit.", command: `mandate describe system/${system.name}` },
      param,
    ),
    retryAfterSeconds: Math.max(1, Math.ceil((endOf(window, nowMs) - nowMs) / 1000)),
  };
}

type Spans = Readonly<Record<Window, string>>;
let ofMinute: { readonly minute: number; readonly spans: Spans } | undefined;

/** Windows are calendar ones in UTC. Written once a minute: each call asks. */
function spansOf(nowMs: number): Spans {
  const minute = Math.floor(nowMs / 60_000);
  if (ofMinute?.minute !== minute) {
    const instant = new Date(nowMs).toISOString();
    ofMinute = { minute, spans: { minute: instant.slice(0, 16), day: instant.slice(0, 10), month: instant.slice(0, 7) } };
  }
  return ofMinute.spans;
}

function endOf(window: Window, nowMs: number): number {
  if (window === "minute") return (Math.floor(nowMs / 60_000) + 1) * 60_000;
  if (window === "day") return (Math.floor(nowMs / dayMs) + 1) * dayMs;
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
}
