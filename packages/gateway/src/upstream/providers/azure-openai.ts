import type { ModelFacts } from "@mandate/model";
import type { Surface } from "../../surfaces/surface.ts";
import type { Provider } from "./provider.ts";

/** The newest version that Azure calls generally available for the paths by deployment. */
const defaultApiVersion = "2024-10-21";

/**
 * OpenAI's wire on Azure. `model.upstream` names the deployment. An endpoint that ends in `/openai/v1` is the API without
 * dated versions; any other is the resource, whose chat and embeddings stand behind the deployment's path.
 */
export const azureOpenai: Provider = {
  address(model, surface) {
    const path = surface.upstreamPath(model.upstream);
    const base = model.endpoint.replace(/\/+$/, "");
    if (/\/openai\/v1$/.test(base)) return base + path + (model.apiVersion === undefined ? "" : `?api-version=${version(model)}`);
    const resource = base.replace(/\/openai$/, "");
    // Responses know no deployment in the path: the body's model names it.
    if (!behindDeployment(surface)) return `${resource}/openai${model.apiVersion === undefined ? "/v1" : ""}${path}${model.apiVersion === undefined ? "" : `?api-version=${version(model)}`}`;
    const deployment = /\/deployments\/[^/]+$/.test(resource)
      ? resource
      : `${resource}/openai/deployments/${encodeURIComponent(model.upstream)}`;
    return `${deployment}${path}?api-version=${version(model)}`;
  },
  headers: () => ({}),
  authorize: (secret) => ({ "api-key": secret }),
};

function behindDeployment(surface: Surface): boolean {
  return surface.name === "openai-chat" || surface.name === "openai-embeddings";
}

function version(model: ModelFacts): string {
  return encodeURIComponent(model.apiVersion ?? defaultApiVersion);
}
