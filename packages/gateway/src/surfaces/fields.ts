/**
 * What a member of a request is (SPEC 3): `inert` passes untouched, `content` is read and checked, `effect` is a tool
 * or destination, `reference` must resolve to something this gateway issued.
 */
export type FieldKind = "inert" | "content" | "effect" | "reference";

export interface FieldTable {
  /** Named in each intent, so that a later reader knows which members were understood. */
  readonly version: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
}

/** A member of the wrong type: answered 400 with its name. */
export class FieldProblem extends Error {
  readonly param: string;

  constructor(param: string, expected: string) {
    super(`\`${param}\` must be ${expected}.`);
    this.name = "FieldProblem";
    this.param = param;
  }
}

export type Members = Readonly<Record<string, unknown>>;

/** Names outside the table. A null-prototype look-up: `constructor` is not a listed field. */
export function unlistedFields(body: Members, table: FieldTable): string[] {
  const unlisted: string[] = [];
  for (const name in body) if (!Object.hasOwn(table.fields, name)) unlisted.push(name);
  return unlisted;
}

/** A name safe to echo: bounded, and printable ASCII alone. */
export function echo(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, 120);
}

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function requiredText(body: Members, name: string): string {
  const value = body[name];
  if (typeof value !== "string" || value === "" || value.length > 256)
    throw new FieldProblem(name, "a string of 1 to 256 characters");
  return value;
}

export function optionalBoolean(body: Members, name: string): boolean {
  const value = body[name];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw new FieldProblem(name, "true or false");
  return value;
}

export function optionalCount(body: Members, name: string): number | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new FieldProblem(name, "a whole number of 0 or more");
  return value;
}

export function optionalArray(body: Members, name: string): readonly unknown[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new FieldProblem(name, "an array");
  return value;
}

export function requiredArray(body: Members, name: string): readonly unknown[] {
  const value = body[name];
  if (!Array.isArray(value) || value.length === 0) throw new FieldProblem(name, "an array with at least one element");
  return value;
}

export function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

/** Anything but inline data is fetched by the provider: a way out, and a way in. */
export function isFetched(url: unknown): boolean {
  return typeof url === "string" && !/^data:/i.test(url.trim());
}

/** `web_search_preview_2025_03_11` and `web_search_20250305` are the same tool: dates and previews are versions of it. */
export function hostedName(type: string): string {
  return type
    .replace(/_preview/g, "")
    .replace(/(_\d{4}_\d{2}_\d{2}|_\d{8})$/, "")
    .slice(0, 100);
}

/** Every string of a value and the names of its members, a line each: what stands outside the conversation is checked as one text. */
export function stringsIn(value: unknown): string {
  const lines: string[] = [];
  const walk = (at: unknown): void => {
    if (typeof at === "string") lines.push(at);
    else if (Array.isArray(at)) for (const inner of at) walk(inner);
    else if (isMembers(at))
      for (const [name, inner] of Object.entries(at)) {
        lines.push(name);
        walk(inner);
      }
  };
  walk(value);
  return lines.join("\n");
}
