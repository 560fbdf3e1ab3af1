import { type Refusal, refuse } from "./http/refusal.ts";

/** Paths of the providers that this gateway knows of and can't check: the refusal says so, rather than "not found". */
const unsupportedPaths: readonly (readonly [prefix: string, reason: string, remedy: string])[] = [
  [
    "/v1/images",
    "Images can't be read by any check of this gateway, so it makes and edits none.",
    "Call the provider through an action that the decision API allows, as `tool:NAME`.",
  ],
  [
    "/v1/audio",
    "Speech can't be read by any check of this gateway, so it transcribes and speaks none.",
    "Transcribe outside and send the text to /v1/chat/completions.",
  ],
  [
    "/v1/files",
    "Files kept at the provider are out of the reach of every later check.",
    "Send the content itself in the call.",
  ],
  ["/v1/uploads", "Files kept at the provider are out of the reach of every later check.", "Send the content itself in the call."],
  ["/v1/vector_stores", "What is kept at the provider is out of the reach of every later check.", "Send the content itself in the call."],
  ["/v1/conversations", "History kept at the provider is out of the reach of every later check.", "Send the conversation with each call."],
  ["/v1/responses/", "Answers kept at the provider can't be checked when they are fetched.", "Keep the answer that /v1/responses gave."],
  [
    "/model/",
    "Of Bedrock's methods this gateway checks converse and converse-stream, of models whose names hold letters, digits, dots and dashes.",
    "Use /model/MODEL/converse, or /v1/messages for Anthropic's models.",
  ],
  ["/v1/batches", "A batch runs later, when its system may no longer be authorized.", "Send its calls one by one."],
  ["/v1/messages/batches", "A batch runs later, when its system may no longer be authorized.", "Send its calls one by one."],
  ["/v1/completions", "The legacy completions format is not one this gateway checks.", "Use /v1/chat/completions."],
  ["/v1/moderations", "Moderation is not a surface of this gateway.", "Use its own detectors: a rule can redact or refuse by class."],
  ["/v1/realtime", "Live audio can't be read by any check of this gateway.", "Use /v1/chat/completions."],
  ["/v1/videos", "Videos can't be read by any check of this gateway.", "Use /v1/chat/completions."],
  ["/v1/fine_tuning", "Training sends data to stay with the model.", "Ask the model's owner."],
  ["/v1/assistants", "Assistants are kept, and run tools, at the provider.", "Use /v1/responses."],
  ["/v1/threads", "Threads are kept, and run tools, at the provider.", "Use /v1/responses."],
];

/** Gemini's methods stand behind a colon, in either version of its API. */
export const geminiPath = /^\/v1beta\/|^\/v1\/models\/[^/]*:/;

/** Why there is no answer at a provider's path that this gateway doesn't serve; null: it is none of theirs. */
export function unsupportedPath(path: string): Refusal | null {
  if (geminiPath.test(path))
    return refuse(
      "unsupported",
      "Of Gemini's methods this gateway checks generateContent, streamGenerateContent (`?alt=sse` or none) and countTokens, without other parameters in the address.",
      "Use /v1beta/models/MODEL:generateContent, the key in the x-goog-api-key header.",
      path.slice(0, 120),
    );
  for (const [prefix, reason, remedy] of unsupportedPaths)
    if (path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`))
      return refuse("unsupported", reason, remedy, path.slice(0, 120));
  return null;
}
