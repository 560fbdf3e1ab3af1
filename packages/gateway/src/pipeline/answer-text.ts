import { isMembers, type Members } from "../surfaces/fields.ts";

/** One text of an answer. Pieces of a streamed text share their `channel`. */
export interface TextPiece {
  readonly channel: string;
  /** Members and indexes from the body to the text. */
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/**
 * Members that name, number or seal rather than speak, and a call's arguments, which are decided as the call. Everything
 * else is text that some client may show, known to this gateway or not.
 */
const silent = new Set([
  "args",
  "arguments",
  "b64_json",
  "call_id",
  "data",
  "embedding",
  "encrypted_content",
  "finishReason",
  "finish_reason",
  "id",
  "input",
  "instructions",
  "item_id",
  "logprobs",
  "model",
  "modelVersion",
  "name",
  "obfuscation",
  "object",
  "partialArgs",
  "partial_json",
  "previous_response_id",
  "responseId",
  "role",
  "service_tier",
  "signature",
  "status",
  "stop_reason",
  "system_fingerprint",
  "thoughtSignature",
  "tool_call_id",
  "tool_use_id",
  "tools",
  "type",
]);

const argumentEvents = /(arguments|tool_call_input|mcp_call)\./;

/** Every text of a JSON answer or of one stream event. Linear, and as deep as the parser let it be. */
export function textPieces(body: Members): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  if (typeof body.type === "string" && argumentEvents.test(body.type)) return pieces;
  collect(body, [], "", pieces);
  return pieces;
}

/** Members that hold a call's arguments: JSON text, or the arguments themselves. */
const argumentMembers = new Set(["args", "arguments", "input", "partialArgs", "partial_json"]);

export interface ArgumentPiece extends TextPiece {
  /** The text is JSON, or a part of it: what is put into it goes in escaped. */
  readonly json: boolean;
}

/** Every text of the calls that a JSON answer or a stream event asks for: what `textPieces` leaves to the decision. */
export function argumentPieces(body: Members): readonly ArgumentPiece[] {
  const pieces: ArgumentPiece[] = [];
  const event = typeof body.type === "string" && argumentEvents.test(body.type);
  collectArguments(body, [], "", event, pieces);
  return pieces;
}

function collectArguments(value: unknown, path: readonly (string | number)[], channel: string, event: boolean, pieces: ArgumentPiece[]): void {
  if (Array.isArray(value)) {
    value.forEach((element: unknown, index) => {
      const own = isMembers(element) && typeof element.index === "number";
      collectArguments(element, [...path, index], own ? channel : `${channel}[${index}]`, event, pieces);
    });
  } else if (isMembers(value)) {
    const at = `${channel}${place(value)}`;
    for (const [name, inner] of Object.entries(value)) {
      if (argumentMembers.has(name) || (event && name === "delta")) {
        const inside: TextPiece[] = [];
        collect(inner, [...path, name], `${at}.${name}`, inside);
        for (const piece of inside) pieces.push({ ...piece, json: typeof inner === "string" });
      } else collectArguments(inner, [...path, name], `${at}.${name}`, event, pieces);
    }
  }
}

function collect(value: unknown, path: readonly (string | number)[], channel: string, pieces: TextPiece[]): void {
  if (typeof value === "string") {
    if (value !== "") pieces.push({ channel, path, text: value });
  } else if (Array.isArray(value)) {
    value.forEach((element: unknown, index) => {
      // Choices and items say their own index; what doesn't is told apart by its place.
      const own = isMembers(element) && typeof element.index === "number";
      collect(element, [...path, index], own ? channel : `${channel}[${index}]`, pieces);
    });
  } else if (isMembers(value)) {
    const at = `${channel}${place(value)}`;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === "number" || typeof inner === "boolean" || inner === null || silent.has(name)) continue;
      collect(inner, [...path, name], `${at}.${name}`, pieces);
    }
  }
}

const places = ["index", "contentBlockIndex", "output_index", "content_index", "summary_index"] as const;

function place(value: Members): string {
  let joined = "";
  for (const name of places) if (typeof value[name] === "number") joined += `#${value[name]}`;
  return joined;
}

/** A copy of `body` with the texts at these paths replaced. Token probabilities would spell what was masked: they go. */
export function withTexts(
  body: Members,
  replaced: readonly { readonly path: readonly (string | number)[]; readonly text: string }[],
): Members {
  const copy = JSON.parse(
    JSON.stringify(body, (name, value: unknown) => (name === "logprobs" ? null : value)),
  ) as Record<string, unknown>;
  for (const { path, text } of replaced) {
    let at: unknown = copy;
    for (const step of path.slice(0, -1)) at = (at as Record<string | number, unknown>)[step];
    (at as Record<string | number, unknown>)[path.at(-1)!] = text;
  }
  return copy;
}
