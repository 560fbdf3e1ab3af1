import { keyRefused, keyUnreachable } from "./errors.ts";
import type { Fetch } from "./provider.ts";

const withinMs = 10_000;
const maxAnswerChars = 65_536;

/** One JSON request to a key service. A redirect is never followed: it would carry the credentials elsewhere. */
export async function askJson(provider: string, fetch: Fetch, request: Request): Promise<Record<string, unknown>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new Request(request, { redirect: "error", signal: AbortSignal.timeout(withinMs) }));
    text = await response.text();
  } catch (cause) {
    throw keyUnreachable(provider, cause);
  }
  if (!response.ok) throw keyRefused(provider, `${response.status} ${text.slice(0, 500)}`);
  try {
    const value: unknown = text.length > maxAnswerChars ? null : JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below: what isn't JSON isn't the service.
  }
  throw keyRefused(provider, "the answer is not a JSON object");
}
