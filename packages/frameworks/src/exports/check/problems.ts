/** One thing that an export says wrongly. */
export interface ExportProblem {
  /** Stable, such as `reference.unresolved`. */
  readonly code: string;
  /** JSON pointer into the document; `line N` before it where the file is of lines. */
  readonly place: string;
  readonly message: string;
}

/** Collects what is wrong. More than a screen's worth of the same tells nothing more. */
export class Problems {
  readonly found: ExportProblem[] = [];
  #more = 0;

  add(code: string, place: string, message: string): void {
    if (this.found.length < maxProblems) this.found.push({ code, place: place === "" ? "/" : place, message });
    else this.#more++;
  }

  /** How many were found beyond those listed. */
  get more(): number {
    return this.#more;
  }
}

const maxProblems = 500;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Members of an object, else none. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (typeof step === "number") here = Array.isArray(here) ? (here as readonly Json[])[step] : undefined;
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined;
  }
  return here;
}

export function items(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function text(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Every value with its JSON pointer (RFC 6901), parents first, each list in order. */
export function* walk(value: Json, place = ""): Generator<{ readonly place: string; readonly name: string; readonly value: Json }> {
  const below = Array.isArray(value) ? value.map((one, index) => [String(index), one as Json] as const) : isObject(value) ? Object.entries(value) : [];
  for (const [name, one] of below) {
    const here = `${place}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    yield { place: here, name, value: one };
    yield* walk(one, here);
  }
}
