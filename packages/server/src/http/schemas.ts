import { AppError, roles } from "@mandate/model";
import { z } from "zod";

/** One line that a person writes: why. Kept in the evidence, so it must be something. */
export const reasonBody = z.strictObject({ reason: z.string().trim().min(1).max(1000) });

export const instant = z.iso.datetime({ offset: true });
export const roleSchema = z.enum(roles);
export const email = z.string().trim().toLowerCase().max(254).regex(/^[^\s@<>(),;:"\\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?$/, "is not an e-mail address");
export const line = z.string().trim().min(1).max(300).regex(/^[^\p{Cc}]*$/u, "has control characters");
/** A register name or an id in a path. */
export const pathName = z.string().min(1).max(254);

export const pageQuery = {
  cursor: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
};

export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** Asks for one more than shown; the extra says that there is a next page. */
export function toPage<Row, Item>(rows: readonly Row[], limit: number, map: (row: Row) => Item, cursorOf: (row: Row) => string): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(map), nextCursor: rows.length > limit && last !== undefined ? Buffer.from(cursorOf(last)).toString("base64url") : null };
}

/** @throws AppError `request.cursor` (400) for text that no list of ours gave out */
export function fromCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  if (text.length === 0 || Buffer.from(text).toString("base64url") !== cursor || text.includes("\0")) {
    throw cursorUnknown();
  }
  return text;
}

export function cursorUnknown(): AppError {
  return new AppError({ code: "request.cursor", status: 400, message: "The cursor is not one that a list gave out.", remedies: [{ text: "Start again without cursor." }] });
}
