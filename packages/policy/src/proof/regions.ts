import { coveredJurisdictions, normaliseRegion } from "../jurisdictions.ts";
import type { SymbolicSet } from "./symbolic.ts";
import { only } from "./symbolic.ts";
import { CannotTell, type Term } from "./terms.ts";
import type { Slots } from "./slots.ts";

/** As many regions that nobody names as one call can tell apart: three places, and witnesses of what sets differ in. */
const otherRegions = 6;
const representatives = ["EEA", "EU", "DE", "FR", "IT", "ES", "NL", "PL", "NO", "IS", "US"];
const maxRegions = 60;

/**
 * Regions contain one another, so they are listed one by one: those that the policies spell out, unions with some of their
 * members, and enough that nobody names. Members of a union that no policy names differ in nothing a rule can see.
 */
export class Regions {
  readonly names: readonly string[];
  readonly #covered: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #slots: Slots;

  constructor(slots: Slots, spelled: Iterable<string>) {
    const names = new Set(representatives);
    // a region is compared in upper case: a text in another case never equals one
    for (const text of spelled) if (text !== "" && text.length <= 40 && normaliseRegion(text) === text) names.add(text);
    if (names.size > maxRegions) throw new CannotTell("the policies name more regions than can be told apart");
    for (let index = 1; index <= otherRegions; index += 1) names.add(`REGION-${index}`);
    this.names = [...names];
    this.#slots = slots;
    this.#covered = new Map(this.names.map((name) => [name, coveredJurisdictions([name])]));
  }

  covers(outer: string, inner: string): boolean {
    return this.#covered.get(outer)!.has(inner);
  }

  /** One of them. */
  scalar(path: string): Term {
    return this.#slots.text(path, this.names);
  }

  /** Which of them are chosen. */
  chosen(path: string): ReadonlyMap<string, Term> {
    return new Map(this.names.map((name) => [name, this.#slots.bool(`${path}:${name}`)]));
  }

  /** With all that lies inside those chosen. */
  closed(chosen: ReadonlyMap<string, Term>): ReadonlyMap<string, Term> {
    return this.#mapped((name) => this.#slots.terms.or(...this.names.flatMap((outer) => (this.covers(outer, name) ? [chosen.get(outer)!] : []))));
  }

  /** `dataArea` as a formula: where data of these regions may go, given the boundary's entries. */
  area(of: ReadonlyMap<string, Term>, boundary: ReadonlyMap<string, Term>, isTakenForGranted: boolean): ReadonlyMap<string, Term> {
    const { terms } = this.#slots;
    const none = this.none(of);
    const whole = isTakenForGranted ? this.closed(boundary) : null;
    const single = isTakenForGranted ? this.exactlyOne(boundary) : "false";
    return this.#mapped((name) => {
      const everywhere = this.names.map((region) => {
        const holding = this.names.flatMap((entry) => (this.covers(entry, region) && this.covers(entry, name) ? [boundary.get(entry)!] : []));
        return terms.implies(of.get(region)!, this.covers(region, name) ? "true" : terms.or(...holding));
      });
      return terms.or(terms.and(none, single, whole?.get(name) ?? "false"), terms.and(terms.not(none), ...everywhere));
    });
  }

  none(chosen: ReadonlyMap<string, Term>): Term {
    return this.#slots.terms.not(this.#slots.terms.or(...chosen.values()));
  }

  exactlyOne(chosen: ReadonlyMap<string, Term>): Term {
    const { terms } = this.#slots;
    const ones = [...chosen.values()];
    let [none, one]: [Term, Term] = ["true", "false"];
    for (const here of ones) {
      one = terms.or(terms.and(one, terms.not(here)), terms.and(none, here));
      none = terms.and(none, terms.not(here));
    }
    return one;
  }

  asSet(chosen: ReadonlyMap<string, Term>): SymbolicSet {
    return { members: [...chosen].map(([name, guard]) => ({ guard, value: only({ kind: "string", term: this.#slots.texts.code(name) }) })) };
  }

  #mapped(of: (name: string) => Term): ReadonlyMap<string, Term> {
    return new Map(this.names.map((name) => [name, of(name)]));
  }
}
