import type { RegisterFacts } from "@mandate/model";
import { sql } from "kysely";
import { conditionStates } from "../conditions/index.ts";
import { RowMirror } from "../database/index.ts";
import type { Tx } from "../database/index.ts";
import { acceptedPrompts, noEffect, openEffects, servedSince } from "../reassessment/index.ts";
import { loadPins, RegisterMirror } from "../registry/index.ts";
import type { Register, StoredObject, ToolPin } from "../registry/index.ts";
import { organizationTerms } from "../tiering/index.ts";
import { believable, isOwnContent } from "./as-recorded.ts";
import type { LastStep } from "./as-recorded.ts";
import { askedOf, deriveSystem, factsOf } from "./facts.ts";
import type { DerivedSystem, FactsInputs } from "./facts.ts";
import { authorizationColumns, inForce, inForceStates, isEverythingStopped, openStates, openVacancies, stateColumns } from "./store.ts";
import type { Authorization, StateRow, SystemState } from "./store.ts";
import { isStillSo, NamedLists, noting } from "./noted-register.ts";
import type { Noted } from "./noted-register.ts";
import type { VersionManifest } from "./version.ts";

interface StepRow extends LastStep {
  readonly id: string;
  readonly seq: number;
}

/** Null: its content isn't the one that its digest names. */
type KeptManifest = VersionManifest | null;

interface Remembered {
  readonly from: readonly unknown[];
  /** Of everything else in the register. */
  readonly noted: Noted;
  /** Where that was last found so. */
  register: Register;
  readonly derived: DerivedSystem;
  /** Epoch milliseconds: what the clock alone changes, it changes no earlier. */
  readonly untilMs: number;
}

const current: ReadonlySet<string> = new Set([...inForceStates, ...openStates]);

/**
 * `deriveFacts` for whoever derives again and again: only rows that changed are read, and only systems that they concern
 * are derived: what a system's derivation read of the register is noted with it, objects that weren't there included. INVARIANT: gives what `deriveFacts` gives, which stays the reference it is tested against. What depends on
 * more than a system's own rows (cases, vacancies, conditions, what was served) is derived each time.
 */
export class KeptFacts {
  readonly #register = new RegisterMirror();
  readonly #states = new RowMirror<StateRow, StateRow>({ table: "system_states", columns: stateColumns, key: (row) => row.system, make: (row) => row });
  readonly #authorizations = new RowMirror<Authorization, Authorization>({ table: "authorizations", columns: authorizationColumns, key: (row) => row.id, make: (row) => row });
  readonly #steps = new RowMirror<StepRow, StepRow>({ table: "authorization_history", columns: sql`authorization_id as id, seq, state, ends`, key: (row) => `${row.id} ${row.seq}`, make: (row) => row });
  readonly #versions = new RowMirror<{ system: string; digest: string; mark: string }, string>({ table: "system_versions", columns: sql`system, digest, xmin::text || ' ' || ctid::text as mark`, key: (row) => `${row.system} ${row.digest}`, make: (row) => row.mark });
  /** The last reading went back: the clock of a test, or of a machine that was set. */
  #nowMs = 0;
  readonly #manifests = new Map<string, { readonly mark: string; readonly manifest: KeptManifest }>();
  readonly #plainStates = new WeakMap<StateRow, SystemState>();
  readonly #remembered = new Map<string, Remembered>();
  #last: { revision: number; steps: ReadonlyMap<string, StepRow> } | undefined;
  #pins: { text: string; pins: readonly ToolPin[] } | undefined;
  readonly #lists = new NamedLists();
  #terms: { text: string; terms: FactsInputs["terms"] } | undefined;

  /** @param tx `repeatable read` @param nowMs epoch milliseconds */
  async derive(tx: Tx, nowMs: number): Promise<RegisterFacts> {
    const { rows } = await sql<{ org: string | null }>`select mandate_org() as org`.execute(tx);
    const { register, ...inputs } = await this.#inputs(tx, rows[0]?.org ?? "", nowMs);
    if (nowMs < this.#nowMs) this.#remembered.clear();
    this.#nowMs = nowMs;
    this.#lists.follow(register);
    const seen = new Set<string>();
    const facts = factsOf({ ...inputs, register }, nowMs, (all, system, state) => {
      seen.add(system.name);
      return this.#system(all, register, system, state, nowMs);
    });
    for (const name of this.#remembered.keys()) if (!seen.has(name)) this.#remembered.delete(name);
    return facts;
  }

  async #inputs(tx: Tx, org: string, nowMs: number): Promise<FactsInputs & { readonly register: Register }> {
    const register = await this.#register.read(tx, org);
    const pins = kept(this.#pins?.pins, await loadPins(tx, org), this.#pins?.text);
    this.#pins = { text: pins.text, pins: pins.value };
    const terms = await organizationTerms(tx, org);
    const said = JSON.stringify((["T0", "T1", "T2", "T3", "X"] as const).map(terms));
    this.#terms = this.#terms?.text === said ? this.#terms : { text: said, terms };
    const authorizations = await this.#currentAuthorizations(tx, org);
    const standing = new Map([...authorizations].flatMap(([name, all]) => { const one = inForce(all); return one ? [[name, one] as const] : []; }));
    const { manifests, altered } = await this.#versionsOf(tx, org, standing);
    const held = believable(standing, await this.#lastSteps(tx, org), altered);
    return {
      asWritten: false,
      register,
      pins: pins.value,
      states: await this.#systemStates(tx, org),
      terms: this.#terms.terms,
      served: await servedSince(tx, org),
      prompts: await acceptedPrompts(tx, org),
      authorizations,
      held,
      manifests,
      conditionDues: await conditionStates(tx, org, [...held.values()], register, nowMs),
    };
  }

  async #currentAuthorizations(tx: Tx, org: string): Promise<ReadonlyMap<string, readonly Authorization[]>> {
    const rows = [...(await this.#authorizations.read(tx, org)).values()].filter((one) => current.has(one.state));
    return Map.groupBy(rows.toSorted((a, b) => b.number - a.number), (one) => one.system);
  }

  async #lastSteps(tx: Tx, org: string): Promise<ReadonlyMap<string, LastStep>> {
    const steps = await this.#steps.read(tx, org);
    if (this.#last?.revision !== this.#steps.revision) {
      const last = new Map<string, StepRow>();
      for (const step of steps.values()) if ((last.get(step.id)?.seq ?? -1) < step.seq) last.set(step.id, step);
      this.#last = { revision: this.#steps.revision, steps: last };
    }
    return this.#last.steps;
  }

  /** Contents of the versions in force. A row changed past the product is another row: its content is read and hashed again. */
  async #versionsOf(tx: Tx, org: string, standing: ReadonlyMap<string, Authorization>): Promise<{ manifests: ReadonlyMap<string, VersionManifest>; altered: ReadonlySet<string> }> {
    const marks = await this.#versions.read(tx, org);
    const wanted = [...standing.values()].map((one) => `${one.system} ${one.versionDigest}`);
    const lacking = wanted.filter((name) => this.#manifests.get(name)?.mark !== marks.get(name));
    if (lacking.length > 0) {
      const digests = lacking.map((name) => name.slice(name.lastIndexOf(" ") + 1));
      const { rows } = await sql<{ system: string; digest: string; manifest: VersionManifest }>`select system, digest, manifest from system_versions where org = ${org} and digest = any(${digests})`.execute(tx);
      for (const { system, digest, manifest } of rows) {
        const name = `${system} ${digest}`;
        this.#manifests.set(name, { mark: marks.get(name) ?? "", manifest: isOwnContent(manifest, digest) ? manifest : null });
      }
    }
    const manifests = new Map<string, VersionManifest>();
    const altered = new Set<string>();
    for (const name of wanted) {
      const known = marks.has(name) ? this.#manifests.get(name)?.manifest : undefined;
      if (known === null) altered.add(name);
      else if (known !== undefined) manifests.set(name, known);
    }
    if (this.#manifests.size > 2 * wanted.length + 1_000) for (const name of this.#manifests.keys()) if (!manifests.has(name)) this.#manifests.delete(name);
    return { manifests, altered };
  }

  async #systemStates(tx: Tx, org: string): Promise<ReadonlyMap<string, SystemState>> {
    const rows = await this.#states.read(tx, org);
    const vacancies = await openVacancies(tx, org);
    const stoppedAll = await isEverythingStopped(tx, org);
    const effects = await openEffects(tx, org);
    return new Map(
      [...rows.values()].map((row) => {
        const open = effects.get(row.system) ?? noEffect;
        const vacant = vacancies.get(row.system) ?? [];
        if (stoppedAll || open !== noEffect || vacant.length > 0) return [row.system, { ...row, open, vacancies: vacant, stoppedAll }];
        let plain = this.#plainStates.get(row);
        if (plain === undefined) this.#plainStates.set(row, (plain = { ...row, open, vacancies: vacant, stoppedAll }));
        return [row.system, plain];
      }),
    );
  }

  #system(inputs: FactsInputs, register: Register, system: StoredObject<"AISystem">, state: SystemState, nowMs: number): DerivedSystem {
    const { name } = system;
    const held = inputs.held.get(name);
    const byClock = state.tierUntil !== null || state.reassessmentDue !== null;
    const beyond = inputs.conditionDues.has(name) || inputs.served.has(name) || inputs.prompts.has(name);
    if (byClock || beyond || !isPlain(state)) return deriveSystem(inputs, system, state, nowMs);
    const manifest = held && inputs.manifests.get(`${name} ${held.versionDigest}`);
    const from = [system, state, held, askedOf(inputs, name), manifest, inputs.pins, inputs.terms];
    const known = this.#remembered.get(name);
    if (known !== undefined && nowMs < known.untilMs && known.from.every((one, at) => one === from[at]) && this.#holds(known, register)) return known.derived;
    const { view, noted } = noting(register, this.#lists);
    const made = deriveSystem({ ...inputs, register: view }, system, state, nowMs);
    // What came out as it was is what it was: nobody further on looks at it again, at no gateway.
    const derived = known !== undefined && saysTheSame(known.derived, made) ? known.derived : made;
    // Ends are compared by the second.
    const turns = [held?.starts, held?.ends].flatMap((at) => (at ? [Math.floor(at.getTime() / 1000) * 1000] : [])).filter((atMs) => atMs > nowMs);
    this.#remembered.set(name, { from, noted, register, derived, untilMs: Math.min(Number.POSITIVE_INFINITY, ...turns) });
    return derived;
  }

  #holds(known: Remembered, register: Register): boolean {
    if (known.register === register) return true;
    if (!isStillSo(known.noted, register, this.#lists)) return false;
    known.register = register;
    return true;
  }
}

function saysTheSame(before: DerivedSystem, after: DerivedSystem): boolean {
  return JSON.stringify(before.facts) === JSON.stringify(after.facts) && JSON.stringify([...before.policies]) === JSON.stringify([...after.policies]);
}

function isPlain(state: SystemState): boolean {
  return state.open === noEffect && state.vacancies.length === 0 && !state.stoppedAll;
}

/** The value of before when it says the same. */
function kept<T>(before: T | undefined, value: T, beforeText: string | undefined): { value: T; text: string } {
  const text = JSON.stringify(value);
  return { value: before !== undefined && text === beforeText ? before : value, text };
}
