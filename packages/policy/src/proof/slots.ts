import { type Field, type Fields, only, type Plain, type ScalarKind, type Symbolic } from "./symbolic.ts";
import { isObject, type Json } from "./json.ts";
import type { ChosenSet, Sort, Term, Terms } from "./terms.ts";
import type { Texts } from "./texts.ts";

export interface Slot {
  readonly sort: Sort;
  readonly term: Term;
  /** A number that stands for a text. */
  readonly isText: boolean;
}


const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);
const maxDepth = 16;

/** Everything the solver may choose about one call, by path, so that what it chose can be read back. */
export class Slots {
  readonly terms: Terms;
  readonly texts: Texts;
  readonly all = new Map<string, Slot>();
  readonly sets = new Map<string, ChosenSet>();
  /** Names asked for inside records of undeclared shape. */
  readonly children = new Map<string, Set<string>>();

  constructor(terms: Terms, texts: Texts) {
    this.terms = terms;
    this.texts = texts;
  }

  #declare(path: string, sort: Sort, isText = false): Term {
    const known = this.all.get(path);
    if (known !== undefined) return known.term;
    const term = this.terms.declare(sort);
    this.all.set(path, { sort, term, isText });
    return term;
  }

  bool(path: string): Term {
    return this.#declare(path, "Bool");
  }

  long(path: string, low: bigint = -maxSafe, high: bigint = maxSafe): Term {
    const isNew = !this.all.has(path);
    const term = this.#declare(path, "Int");
    if (isNew) this.terms.assert(this.terms.within(term, low, high));
    return term;
  }

  text(path: string, oneOf?: readonly string[]): Term {
    const isNew = !this.all.has(path);
    const term = this.#declare(path, "Int", true);
    if (isNew && oneOf !== undefined) this.terms.assert(this.terms.or(...oneOf.map((text) => this.terms.equal(term, this.texts.code(text)))));
    return term;
  }

  set(path: string): ChosenSet {
    let set = this.sets.get(path);
    if (set === undefined) {
      set = this.terms.chosenSet();
      this.sets.set(path, set);
    }
    return set;
  }

  // ---------- as fields of records ----------

  always(value: Plain): Field {
    return { present: "true", value: only(value) };
  }

  maybe(path: string, value: Plain): Field {
    return { present: this.bool(`${path}?`), value: only(value) };
  }

  textField(path: string, oneOf?: readonly string[]): Field {
    return this.always({ kind: "string", term: this.text(path, oneOf) });
  }

  setField(path: string, of: ScalarKind = "string"): Field {
    return this.always({ kind: "set", set: { array: this.set(path), of } });
  }

  /** Arguments or claims whose shape nobody declared: any JSON, its parts made as they are asked for. */
  open(path: string): Fields {
    const made = new Map<string, Field>();
    const names = new Set<string>();
    this.children.set(path, names);
    return {
      names: null,
      get: (name) => {
        let field = made.get(name);
        if (field === undefined) {
          names.add(name);
          field = this.#openField(`${path}.${name}`);
          made.set(name, field);
        }
        return field;
      },
    };
  }

  #openField(path: string): Field {
    const kind = this.long(`${path}#kind`, 0n, BigInt(openKinds.length));
    const is = (index: number): Term => this.terms.equal(kind, `${index + 1}`);
    const value: Symbolic = [
      { guard: is(0), value: { kind: "bool", term: this.bool(`${path}#bool`) } },
      { guard: is(1), value: { kind: "long", term: this.long(`${path}#long`) } },
      { guard: is(2), value: { kind: "string", term: this.text(`${path}#text`) } },
      { guard: is(3), value: { kind: "set", set: { array: this.set(`${path}#texts`), of: "string" } } },
      { guard: is(4), value: { kind: "set", set: { array: this.set(`${path}#longs`), of: "long" } } },
      { guard: is(5), value: { kind: "record", fields: this.open(path) } },
      { guard: is(6), value: { kind: "set", set: { mixed: true } } },
    ];
    return { present: this.terms.not(this.terms.equal(kind, "0")), value };
  }

  /** Arguments as a tool's schema declares them: the same types as `convertInput` makes. */
  declared(schema: Json, path: string, depth = 0): Fields {
    const properties = isObject(schema.properties) ? schema.properties : {};
    const made = new Map<string, Field | undefined>();
    return {
      names: Object.keys(properties),
      get: (name) => {
        if (!Object.hasOwn(properties, name)) return undefined;
        if (!made.has(name)) {
          const property = properties[name];
          const value = isObject(property) ? this.#declaredValue(property, `${path}.${name}`, depth + 1) : null;
          made.set(name, value === null ? undefined : this.maybe(`${path}.${name}`, value));
        }
        return made.get(name);
      },
    };
  }

  #declaredValue(schema: Json, path: string, depth: number): Plain | null {
    if (depth > maxDepth) return null;
    if (isMoney(schema)) {
      const fields = new Map<string, Field>([
        ["value", this.maybe(`${path}.value`, { kind: "decimal", term: this.#units(`${path}.value`) })],
        ["currency", this.maybe(`${path}.currency`, { kind: "string", term: this.text(`${path}.currency`) })],
      ]);
      return { kind: "record", fields: { get: (name) => fields.get(name), names: [...fields.keys()] } };
    }
    switch (schema.type) {
      case "string":
        return { kind: "string", term: this.text(path) };
      case "boolean":
        return { kind: "bool", term: this.bool(path) };
      case "integer":
        return { kind: "long", term: this.long(path) };
      case "number":
        return { kind: "decimal", term: this.#units(path) };
      case "array": {
        const of = elementKind(schema.items);
        return { kind: "set", set: of === null ? { mixed: true } : { array: this.set(path), of } };
      }
      case "object":
        return { kind: "record", fields: this.declared(schema, path, depth) };
      default:
        return null;
    }
  }

  #units(path: string): Term {
    return this.long(path, -(2n ** 63n), 2n ** 63n - 1n);
  }
}

/** What JSON of undeclared shape can be, by the number the solver chooses; 0 is absent. */
export const openKinds = ["bool", "long", "text", "texts", "longs", "record", "mixed"] as const;

export function isMoney(schema: Json): boolean {
  return schema.$ref === "mandate:money";
}

export function elementKind(items: unknown): "string" | "long" | "decimal" | null {
  if (!isObject(items) || isMoney(items)) return null;
  return items.type === "string" ? "string" : items.type === "integer" ? "long" : items.type === "number" ? "decimal" : null;
}
