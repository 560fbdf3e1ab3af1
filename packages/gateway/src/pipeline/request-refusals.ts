import type { DecisionRequest, ModelFacts, Protocol, SystemFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import { type Refusal, refuse, refusalOf } from "../http/refusal.ts";
import { echo } from "../surfaces/fields.ts";
import type { RequestView, Surface } from "../surfaces/surface.ts";
import { ask } from "./ask.ts";
import type { Runtime } from "./runtime.ts";

/** Where a caller reaches each kind of upstream: by the surfaces whose wire it speaks itself. */
const spokenAt: Readonly<Record<Protocol, string>> = {
  openai: "Call /v1/chat/completions, /v1/responses or /v1/embeddings.",
  "azure-openai": "Call /v1/chat/completions, /v1/responses or /v1/embeddings.",
  anthropic: "Call /v1/messages.",
  bedrock: "Call /v1/messages for Anthropic's models, /v1/chat/completions for those that Bedrock serves in OpenAI's format, /model/MODEL/converse for any.",
  gemini: "Call /v1beta/models/MODEL:generateContent.",
};

/** Everything about the request itself that refuses, whatever the rules say of the model. */
export function requestRefusals(
  runtime: Runtime,
  compiled: Compiled,
  system: SystemFacts,
  model: ModelFacts | undefined,
  surface: Surface,
  view: RequestView,
  request: DecisionRequest,
): Refusal[] {
  const refusals: Refusal[] = [];
  if (model !== undefined && !surface.protocols.includes(model.protocol)) {
    refusals.push(
      refuse(
        "unsupported_field",
        `\`${model.name}\` speaks another protocol (${model.protocol}) than this path, and bodies are not translated.`,
        spokenAt[model.protocol],
        "model",
      ),
    );
  }
  if (view.unlisted.length > 0) {
    if (system.parameters.unlistedField === "refuse") {
      refusals.push(
        refuse(
          "unsupported_field",
          `\`${echo(view.unlisted[0]!)}\` is not a field this gateway knows, and ${system.tier} systems may send only what is known.`,
          "Leave it out, or have it added to the field table.",
          echo(view.unlisted[0]!),
        ),
      );
    } else {
      for (const name of view.unlisted.slice(0, 8)) {
        runtime.options.control.report({
          key: `field:${system.name}:${surface.name}:${echo(name)}`,
          system: system.name,
          kind: "unlisted_field",
          title: `Unlisted field \`${echo(name)}\``,
          detail: `${surface.fields.version} does not list it; ${system.tier} lets it pass.`,
        });
      }
    }
  }
  for (const reference of view.references) {
    if (!runtime.emitted.has(system.name, reference.id))
      refusals.push(
        refuse(
          "unsupported_field",
          `\`${echo(reference.param)}\` refers to something that this gateway did not issue to this system.`,
          "Send the content itself.",
          echo(reference.param),
        ),
      );
  }
  for (const implied of view.implied) {
    const resource = { type: "tool", id: `hosted.${echo(implied.name)}` } as const;
    if (ask(runtime, compiled, { ...request, action: "tool.call", resource }).outcome === "allow") continue;
    const reason = `Without \`${implied.param}\` the provider does what \`${implied.param}: true\` asks for, and the system was not granted that.`;
    if (system.parameters.unlistedField === "refuse")
      refusals.push(refuse("unsupported_field", reason, `Send \`"${implied.param}": false\`.`, implied.param));
    else
      runtime.options.control.report({
        key: `implied:${system.name}:${surface.name}:${implied.name}`,
        system: system.name,
        kind: "implied_effect",
        title: `\`${implied.param}\` left to the provider's default`,
        detail: `${reason} ${system.tier} lets it pass.`,
      });
  }
  for (const effect of view.effects) {
    const id = `hosted.${echo(effect.name)}`;
    const decision = ask(runtime, compiled, { ...request, action: "tool.call", resource: { type: "tool", id } });
    if (decision.outcome === "allow") continue;
    const refusal = refusalOf(decision);
    // A tool at the provider can't wait for a person: the provider runs it as it likes once it is offered.
    refusals.push(
      decision.outcome === "hold"
        ? { ...refusal, code: "policy" }
        : { ...refusal, param: refusal.param ?? effect.param },
    );
  }
  return refusals;
}
