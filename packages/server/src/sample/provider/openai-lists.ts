import { createHash } from "node:crypto";
import { openaiError } from "./openai-chat.ts";
import { tokens } from "./script.ts";
import { listed, type Reply } from "./wire.ts";

/** OpenAI embeddings; the official client asks for base64 by itself, so both encodings matter. */
export function embeddings(body: Record<string, unknown>): Reply {
  if (typeof body.model !== "string") return openaiError(400, "you must provide a model parameter");
  const inputs =
    typeof body.input === "string"
      ? [body.input]
      : Array.isArray(body.input)
        ? body.input.map((item) => JSON.stringify(item))
        : [];
  if (inputs.length === 0 || inputs.length > 2048) return openaiError(400, "'$.input' is invalid.", "input");
  const wanted = typeof body.dimensions === "number" ? Math.trunc(body.dimensions) : 1536;
  if (!(wanted >= 1 && wanted <= 3072)) return openaiError(400, "Invalid value for 'dimensions'.", "dimensions");
  const used = inputs.reduce((sum, text) => sum + tokens(text), 0);
  return {
    kind: "json",
    status: 200,
    headers: { "openai-model": body.model },
    body: {
      object: "list",
      data: inputs.map((text, index) => {
        const vector = unitVector(text, wanted);
        const embedding =
          body.encoding_format === "base64"
            ? Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64")
            : [...vector];
        return { object: "embedding", index, embedding };
      }),
      model: body.model,
      usage: { prompt_tokens: used, total_tokens: used },
    },
  };
}

/** Deterministic for a text, of length 1, little-endian floats as the wire wants them. */
function unitVector(text: string, dimensions: number): Float32Array {
  const bytes = createHash("shake256", { outputLength: dimensions }).update(text).digest();
  const raw = Float32Array.from(bytes, (byte) => byte - 127.5);
  const length = Math.hypot(...raw);
  return raw.map((value) => value / length);
}

const listedSince = 1_744_316_542;

export function openaiModels(id: string | null): Reply {
  const entry = (model: string) => ({ id: model, object: "model", created: listedSince, owned_by: "mandate-scripted" });
  if (id === null) return { kind: "json", status: 200, body: { object: "list", data: listed.map(entry) } };
  if (!listed.some((model) => model === id))
    return openaiError(404, "The model does not exist or you do not have access to it.", "model");
  return { kind: "json", status: 200, body: entry(id) };
}
