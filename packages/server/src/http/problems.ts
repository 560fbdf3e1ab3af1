import { AppError } from "@mandate/model";
import type { Remedy } from "@mandate/model";
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from "fastify-type-provider-zod";

/** RFC 9457 problem document with Mandate's members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly remedies: readonly Remedy[];
  readonly [extra: string]: unknown;
}

const titles: Readonly<Record<number, string>> = {
  400: "The request can't be read",
  401: "Sign in first",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "In conflict with the present state",
  413: "Too large",
  414: "Too long a path",
  415: "Media type not supported",
  421: "Wrong host",
  422: "Not accepted",
  429: "Too many requests",
  500: "Our fault",
  503: "Can't answer now",
};

export interface RenderedError {
  readonly problem: Problem;
  /** For the log alone; undefined when the caller's mistake says it all. */
  readonly internal: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

interface FastifyShaped {
  readonly statusCode?: number;
  readonly code?: string;
}

/** The one place where an exception becomes an answer. Anything that is no AppError says nothing of the inside. */
export function renderProblem(error: unknown, requestId: string): RenderedError {
  if (error instanceof AppError) {
    const { problems, retryAfterSeconds, ...details } = error.details as Record<string, unknown>;
    return {
      problem: {
        ...details,
        ...(problems === undefined ? {} : { problems }),
        ...base(error.status, error.code, error.message, requestId, error.remedies),
      },
      internal: error.internal ?? (error.status >= 500 ? causeText(error) : undefined),
      retryAfterSeconds: typeof retryAfterSeconds === "number" ? retryAfterSeconds : undefined,
    };
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const problems = error.validation.slice(0, 20).map((one) => ({
      // The value itself is never echoed: it may be the secret someone sent to the wrong field.
      field: `${error.validationContext === "querystring" ? "query" : (error.validationContext ?? "body")}${one.instancePath.replace(/\/$/, "").replaceAll("/", ".")}`,
      message: one.message ?? "is not valid",
    }));
    const first = problems[0];
    return {
      problem: {
        problems,
        ...base(400, "request.invalid", first === undefined ? "A field is not valid." : `${first.field}: ${first.message}.`, requestId, [
          { text: "Correct the fields listed under problems and send it again." },
        ]),
      },
      internal: undefined,
      retryAfterSeconds: undefined,
    };
  }
  if (isResponseSerializationError(error)) {
    return { problem: internalFault(requestId), internal: `response doesn't fit its schema: ${causeText(error)}`, retryAfterSeconds: undefined };
  }
  const shaped = error as FastifyShaped;
  if (shaped?.code === uniqueViolation) {
    return { problem: base(409, "request.same_moment", "Somebody else made the same at the same moment; theirs stands.", requestId, [{ text: "Read what is there now, then ask again." }]), internal: causeText(error), retryAfterSeconds: undefined };
  }
  if (typeof shaped?.statusCode === "number" && shaped.statusCode >= 400 && shaped.statusCode < 500) {
    return { problem: transportProblem(shaped, requestId), internal: undefined, retryAfterSeconds: undefined };
  }
  return { problem: internalFault(requestId), internal: causeText(error), retryAfterSeconds: undefined };
}

function base(status: number, code: string, detail: string, requestId: string, remedies: readonly Remedy[]): Problem {
  return {
    type: `urn:mandate:error:${code}`,
    title: titles[status] ?? "Error",
    status,
    detail,
    code,
    requestId,
    remedies: remedies.length > 0 ? remedies : [{ text: status >= 500 ? "Try again; if it stays, look for the request id in the server's log." : "Read docs/errors.md for this code." }],
  };
}

function internalFault(requestId: string): Problem {
  return base(500, "internal", "Something failed on our side. Nothing was changed unless you see it in the register.", requestId, []);
}

function transportProblem(error: FastifyShaped, requestId: string): Problem {
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return base(413, "request.too_large", "The body is larger than this route accepts.", requestId, [{ text: "Send less, or split it." }]);
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return base(415, "request.media_type", "This route doesn't read that media type.", requestId, [{ text: "Send application/json, or application/yaml to /api/v1/apply." }]);
    case "FST_ERR_BAD_URL":
      return base(400, "request.path", "The path is not well-formed percent-encoded UTF-8.", requestId, [{ text: "Encode each name in the path with encodeURIComponent." }]);
    case "FST_ERR_MAX_PARAM_LENGTH":
      return base(414, "request.path", "A name in the path is longer than any name here.", requestId, [{ text: "Names have at most 254 characters." }]);
    default:
      return base(400, "request.unreadable", "The body is not valid JSON, or headers and body disagree.", requestId, [
        { text: "Send a JSON object with content-type application/json." },
      ]);
  }
}

/** SQLSTATE of PostgreSQL, Appendix A: two requests passed the same check before either wrote. */
const uniqueViolation = "23505";

function causeText(error: unknown): string {
  if (!(error instanceof Error)) return "thrown value is no error";
  const cause = error.cause === undefined ? "" : ` / cause: ${causeText(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
