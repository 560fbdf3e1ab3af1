import { AppError } from "@mandate/model";
import type { FastifyRequest } from "fastify";

/**
 * Text that no store, log or signature holds as it came: NUL (PostgreSQL has none) and half of a surrogate pair (UTF-8
 * and RFC 8785 have none). Refused at the edge, so that no route has to think of it.
 * @throws AppError `request.text` (400) naming where, never what
 */
export function requireSoundText({ params, query, body }: Pick<FastifyRequest, "params" | "query" | "body">): void {
  for (const [where, value] of Object.entries({ params, query, body })) {
    const at = unsound(value, where);
    if (at !== undefined) throw new AppError({ code: "request.text", status: 400, message: `${at.slice(0, 200)} holds a NUL or half a character (an unpaired surrogate).`, remedies: [{ text: "Send it as well-formed Unicode text without NUL." }] });
  }
}

/** Walks without recursion: a body may be nested as deep as its bytes allow. */
function unsound(root: unknown, where: string): string | undefined {
  const waiting: [unknown, string][] = [[root, where]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, path] = next;
    if (typeof value === "string" && !isSound(value)) return path;
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (!isSound(key)) return path;
      if (typeof inner === "string" ? !isSound(inner) : typeof inner === "object") waiting.push([inner, path.length > 200 ? path : `${path}.${key}`]);
    }
  }
  return undefined;
}

function isSound(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
