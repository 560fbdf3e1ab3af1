import type { FastifyRequest, RouteOptions } from "fastify";
import { z } from "zod";
import { cursorUnknown, fromCursor, instant, pageQuery } from "./schemas.ts";

interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}
type Query = Readonly<Record<string, unknown>>;
type Handler = (request: FastifyRequest, reply: unknown) => unknown;

const largestPage = 500;
/** A filter that nothing matches ends after so many pages; `nextCursor` says that there is more to look at. */
const pagesAtMost = 20;

/**
 * Every list filters by the fields of its items, named as they are (INTERFACE, Control API). What a route declares it
 * answers itself; the other fields are added here to its schema and compared with what it
 * answered. A field that no item has is refused: a typo must not look like "nothing found" or "everything".
 * @returns the fields added; none for what is no list
 */
export function filterLists(route: RouteOptions): readonly string[] {
  const schema = route.schema as { querystring?: z.ZodType; response?: Readonly<Record<string, z.ZodType>> } | undefined;
  const item = itemOf(schema?.response?.["200"]);
  if (schema === undefined || item === undefined || ![route.method].flat().includes("GET")) return [];
  const declared = schema.querystring instanceof z.ZodObject ? schema.querystring : z.object({});
  // Loose: its filters are fields of what people wrote, which its store knows.
  if (declared.def.catchall !== undefined && !(declared.def.catchall instanceof z.ZodNever)) return [];
  const added = Object.entries(item.shape).flatMap(([field, type]) => (field in declared.shape || !isComparable(type as z.ZodType) ? [] : [field]));
  const filters = Object.fromEntries(added.map((field) => [field, z.string().max(300).optional()]));
  const pages = "limit" in declared.shape;
  // What never changes once it is there can be shown as of any moment: by when it was made.
  const made = "until" in declared.shape ? "until" : route.config?.made;
  const moment = made === undefined || "asOf" in declared.shape ? {} : { asOf: instant.optional() };
  schema.querystring = z.strictObject({ ...declared.shape, ...(pages ? {} : { ...pageQuery, limit: pageQuery.limit.unwrap().optional() }), ...moment, ...filters }, { error: (issue) => (issue.code === "unrecognized_keys" ? unknownFilter((issue.keys as readonly string[] | undefined) ?? [], [...Object.keys(declared.shape), ...Object.keys(moment), ...added]) : undefined) });
  const handler = route.handler as unknown as Handler;
  route.handler = async function filtered(request, reply) {
    const query = request.query as Query;
    const wanted = added.flatMap((field): [string, string][] => (typeof query[field] === "string" ? [[field, query[field]]] : []));
    const asOf = "asOf" in moment && typeof query["asOf"] === "string" ? Date.parse(query["asOf"]) : null;
    const until = asOf === null || made !== "until" ? {} : { until: new Date(Math.min(asOf, ...(typeof query["until"] === "string" ? [Date.parse(query["until"])] : []))).toISOString() };
    const fits = (item: unknown): boolean => matches(item, wanted) && (asOf === null || made === undefined || made === "until" || Date.parse(String((item as Query)[made])) <= asOf);
    const ask = async (cursor: string | undefined, limit: number): Promise<Page> => {
      request.query = { ...query, ...until, cursor, limit };
      return (await handler.call(this, request, reply)) as Page;
    };
    if (!pages) return wholeList((await ask(undefined, largestPage)).items.filter(fits), query);
    const cursor = query["cursor"] as string | undefined;
    if (wanted.length === 0 && (asOf === null || made === "until")) return ask(cursor, Number(query["limit"]));
    return nextMatches(ask, cursor, Number(query["limit"]), fits);
  };
  return added;
}

/** A list that its route gives whole, in pages. */
function wholeList(items: readonly unknown[], query: Query): Page {
  const from = offsetOf(query["cursor"] as string | undefined);
  const limit = query["limit"] === undefined ? items.length : Number(query["limit"]);
  const until = from + limit;
  return { items: items.slice(from, until), nextCursor: until < items.length ? Buffer.from(`after:${until}`).toString("base64url") : null };
}

function offsetOf(cursor: string | undefined): number {
  const text = fromCursor(cursor);
  if (text === undefined) return 0;
  const offset = /^after:([0-9]{1,9})$/.exec(text)?.[1];
  if (offset === undefined) throw cursorUnknown();
  return Number(offset);
}

/** Reads on until `limit` items match. The cursor it gives is the route's own, taken right behind the last match. */
async function nextMatches(ask: (cursor: string | undefined, limit: number) => Promise<Page>, start: string | undefined, limit: number, fits: (item: unknown) => boolean): Promise<Page> {
  const items: unknown[] = [];
  let cursor = start;
  for (let read = 0; read < pagesAtMost; read++) {
    const page = await ask(cursor, largestPage);
    for (const [index, item] of page.items.entries()) {
      if (!fits(item)) continue;
      items.push(item);
      if (items.length === limit) return { items, nextCursor: index + 1 === page.items.length ? page.nextCursor : (await ask(cursor, index + 1)).nextCursor };
    }
    if (page.nextCursor === null) return { items, nextCursor: null };
    cursor = page.nextCursor;
  }
  return { items, nextCursor: cursor ?? null };
}

function matches(item: unknown, wanted: readonly (readonly [string, string])[]): boolean {
  return wanted.every(([field, value]) => {
    const found = (item as Query)[field];
    return Array.isArray(found) ? found.some((one) => String(one) === value) : found !== null && found !== undefined && String(found) === value;
  });
}

function itemOf(page: z.ZodType | undefined): z.ZodObject | undefined {
  if (!(page instanceof z.ZodObject) || !("nextCursor" in page.shape)) return undefined;
  const items: unknown = bare(page.shape["items"] as z.ZodType);
  return items instanceof z.ZodArray && items.element instanceof z.ZodObject ? items.element : undefined;
}

/** Text, numbers, truth values, and lists of them. */
function isComparable(type: z.ZodType): boolean {
  const inner = bare(type);
  if (inner instanceof z.ZodArray) return isComparable(inner.element as z.ZodType);
  if (inner instanceof z.ZodUnion) return inner.options.every((one) => isComparable(one as z.ZodType));
  return inner instanceof z.ZodString || inner instanceof z.ZodEnum || inner instanceof z.ZodNumber || inner instanceof z.ZodBoolean || inner instanceof z.ZodLiteral;
}

function bare(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodOptional || type instanceof z.ZodNullable || type instanceof z.ZodReadonly || type instanceof z.ZodDefault ? bare(type.def.innerType as z.ZodType) : type;
}

function unknownFilter(keys: readonly string[], fields: readonly string[]): string {
  if (keys.includes("asOf")) return "asOf isn't kept for this list: it shows what is there now";
  return `can't be filtered by ${keys.map((key) => key.slice(0, 60)).join(", ")}: its fields are ${fields.join(", ")}`;
}
