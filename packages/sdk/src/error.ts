/** A next step that a refusal offers. Never echoes secrets. */
export interface Remedy {
  readonly text: string;
  readonly command?: string;
  readonly url?: string;
}

/** What the control API answered with instead of a result (RFC 9457), or what kept it from answering at all. */
export class MandateError extends Error {
  /** Stable and dotted or snake case; branch on this, never on `message`. */
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly remedies: readonly Remedy[];
  readonly requestId: string | null;
  /** Field problems of a 400, and whatever else the problem document carried. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(input: {
    code: string;
    status: number;
    message: string;
    remedies?: readonly Remedy[];
    requestId?: string | null;
    details?: Readonly<Record<string, unknown>>;
    cause?: unknown;
  }) {
    super(input.message, input.cause === undefined ? undefined : { cause: input.cause });
    this.name = "MandateError";
    this.code = input.code;
    this.status = input.status;
    this.remedies = input.remedies ?? [];
    this.requestId = input.requestId ?? null;
    this.details = input.details ?? {};
  }
}

/** Keeps well-formed remedies only: a proxy's error page must not become a next step. */
export function readRemedies(value: unknown): readonly Remedy[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 20).flatMap((item: unknown) => {
    if (typeof item === "string") return [{ text: item }];
    if (typeof item !== "object" || item === null) return [];
    const { text, command, url } = item as Record<string, unknown>;
    if (typeof text !== "string") return [];
    return [{ text, ...(typeof command === "string" ? { command } : {}), ...(typeof url === "string" ? { url } : {}) }];
  });
}

/** Turns an unsuccessful answer into a `MandateError`, whatever its body is. Reads at most the body it is given. */
export async function errorFromResponse(response: Response): Promise<MandateError> {
  const requestId = response.headers.get("x-request-id");
  const text = await response.text().catch(() => "");
  let body: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      body = parsed as Record<string, unknown>;
  } catch {
    // A proxy's HTML page: status and request id are what we know.
  }
  const nested =
    typeof body["error"] === "object" && body["error"] !== null ? (body["error"] as Record<string, unknown>) : body;
  const first = (...keys: string[]): string | undefined => {
    for (const key of keys) if (typeof nested[key] === "string" && nested[key] !== "") return nested[key];
    return undefined;
  };
  return new MandateError({
    code: first("code") ?? `http_${response.status}`,
    status: response.status,
    message: first("detail", "message", "title") ?? `Mandate answered with status ${response.status}.`,
    remedies: readRemedies(nested["remedies"]),
    requestId: requestId ?? first("requestId", "request_id") ?? null,
    details: nested,
  });
}
