import type { Compiled } from "../../compiled.ts";

export type ListShape = "openai" | "anthropic" | "gemini";

/**
 * The models a system was granted, in the list shape of the caller's own client. Dates are the epoch's: the register
 * doesn't know when a provider made a model, and clients only need the member.
 */
export function listModels(compiled: Compiled, system: string, shape: ListShape): Readonly<Record<string, unknown>> {
  const granted = compiled.systems.get(system)?.grants.models ?? [];
  const models = granted.map((name) => compiled.models.get(name)).filter((model) => model !== undefined);
  if (shape === "gemini")
    return {
      models: models
        .filter((model) => model.protocol === "gemini")
        .map((model) => ({
          name: `models/${model.name}`,
          displayName: model.name,
          supportedGenerationMethods: ["generateContent", "countTokens"],
        })),
    };
  if (shape === "anthropic") {
    const data = models.map((model) => ({
      type: "model",
      id: model.name,
      display_name: model.name,
      created_at: "1970-01-01T00:00:00Z",
    }));
    return { data, has_more: false, first_id: data.at(0)?.id ?? null, last_id: data.at(-1)?.id ?? null };
  }
  return {
    object: "list",
    data: models.map((model) => ({ id: model.name, object: "model", created: 0, owned_by: model.vendor ?? "self" })),
  };
}
