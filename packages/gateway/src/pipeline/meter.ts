import type { SystemFacts } from "@mandate/model";
import { type Refusal, refuse } from "../http/refusal.ts";

export interface Estimate {
  readonly tokens: number;
  readonly microEuros: number;
}

export interface Reservation {
  /** Replaces the worst case by what was used. Exactly once has an effect, on whatever end. */
  settle(used: Estimate): void;
}

interface Book {
  day: number;
  month: string;
  minute: number;
  calls: number;
  callsThisMinute: number;
  tokens: number;
  microEuros: number;
  microEurosThisMonth: number;
  readonly people: Set<string>;
}

export interface SpentBefore extends Estimate {
  readonly system: string;
  readonly calls: number;
  readonly microEurosThisMonth: number;
}

const dayMs = 86_400_000;

/**
 * Limits of each system at this gateway. Calls, tokens and money go on from what its evidence says was used before this
 * start; people of the day are counted anew. The worst case is reserved before a call and settled after,
 * so that many calls at once can't together pass a limit that each alone would keep.
 */
export class Meter {
  readonly #books = new Map<string, Book>();

  /** @param before what was used of the day and month of `nowMs` before this process began */
  constructor(before: readonly SpentBefore[] = [], nowMs = 0) {
    for (const { system, calls, tokens, microEuros, microEurosThisMonth } of before)
      Object.assign(this.#book(system, nowMs), { calls, tokens, microEuros, microEurosThisMonth });
  }

  reserve(system: SystemFacts, person: string | null, estimate: Estimate, nowMs: number): Reservation | Refusal {
    const book = this.#book(system.name, nowMs);
    const { limits } = system;
    const over = (
      what: string,
      param: string,
      retryAfterSeconds: number,
      code: "budget" | "rate" = "budget",
    ): Refusal => ({
      ...refuse(
        code,
        `${system.title} would pass its limit of ${what}.`,
        {
          text: "Wait until the window ends, or have its owners raise the limit.",
          command: `mandate describe system/${system.name}`,
        },
        param,
      ),
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds)),
    });
    const untilTomorrow = ((book.day + 1) * dayMs - nowMs) / 1000;
    if (limits.callsPerMinute !== null && book.callsThisMinute + 1 > limits.callsPerMinute)
      return over(
        `${limits.callsPerMinute} calls a minute`,
        "limits.callsPerMinute",
        ((book.minute + 1) * 60_000 - nowMs) / 1000,
        "rate",
      );
    if (limits.callsPerDay !== null && book.calls + 1 > limits.callsPerDay)
      return over(`${limits.callsPerDay} calls a day`, "limits.callsPerDay", untilTomorrow);
    if (limits.tokensPerDay !== null && book.tokens + estimate.tokens > limits.tokensPerDay)
      return over(`${limits.tokensPerDay} tokens a day`, "limits.tokensPerDay", untilTomorrow);
    if (limits.eurosPerDay !== null && book.microEuros + estimate.microEuros > microEuros(limits.eurosPerDay))
      return over(`€${limits.eurosPerDay} a day`, "limits.eurosPerDay", untilTomorrow);
    if (
      limits.eurosPerMonth !== null &&
      book.microEurosThisMonth + estimate.microEuros > microEuros(limits.eurosPerMonth)
    )
      return over(`€${limits.eurosPerMonth} a month`, "limits.eurosPerMonth", untilTomorrow);
    if (person !== null && limits.peoplePerDay !== null && !book.people.has(person)) {
      if (book.people.size + 1 > limits.peoplePerDay)
        return over(`${limits.peoplePerDay} people a day`, "limits.peoplePerDay", untilTomorrow);
      book.people.add(person);
    }
    const { day, month } = book;
    book.calls += 1;
    book.callsThisMinute += 1;
    book.tokens += estimate.tokens;
    book.microEuros += estimate.microEuros;
    book.microEurosThisMonth += estimate.microEuros;
    let open = true;
    return {
      settle: (used) => {
        if (!open) return;
        open = false;
        if (book.day === day) {
          book.tokens += used.tokens - estimate.tokens;
          book.microEuros += used.microEuros - estimate.microEuros;
        }
        if (book.month === month) book.microEurosThisMonth += used.microEuros - estimate.microEuros;
      },
    };
  }

  #book(system: string, nowMs: number): Book {
    const day = Math.floor(nowMs / dayMs);
    const minute = Math.floor(nowMs / 60_000);
    let book = this.#books.get(system);
    if (book === undefined) {
      book = {
        day,
        month: monthOf(nowMs),
        minute,
        calls: 0,
        callsThisMinute: 0,
        tokens: 0,
        microEuros: 0,
        microEurosThisMonth: 0,
        people: new Set(),
      };
      this.#books.set(system, book);
    }
    if (book.minute !== minute) {
      book.minute = minute;
      book.callsThisMinute = 0;
    }
    if (book.day !== day) {
      book.day = day;
      book.calls = book.tokens = book.microEuros = 0;
      book.people.clear();
      const month = monthOf(nowMs);
      if (book.month !== month) {
        book.month = month;
        book.microEurosThisMonth = 0;
      }
    }
    return book;
  }
}

function monthOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 7);
}

/** Decimal string of at most 4 places; anything else allows nothing. */
function microEuros(decimal: string): number {
  const match = /^(\d{1,9})(?:\.(\d{1,4}))?$/.exec(decimal);
  return match === null ? 0 : Number(match[1]) * 1_000_000 + Number((match[2] ?? "").padEnd(6, "0"));
}
