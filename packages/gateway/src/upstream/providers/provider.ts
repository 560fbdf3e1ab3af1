import type { ModelFacts, Protocol } from "@mandate/model";
import type { Surface } from "../../surfaces/surface.ts";
import { azureOpenai } from "./azure-openai.ts";
import { bedrock } from "./bedrock.ts";

/** Headers of the caller, by lower-case name. */
export type CallerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ProviderRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What differs between providers that speak the same wire: where a surface stands, and how a caller proves who it is. */
export interface Provider {
  /** The whole address of a call. */
  address(model: ModelFacts, surface: Surface, stream: boolean): string;
  /** Headers of the caller that mean something to the provider. Everything else stays here, keys above all. */
  headers(caller: CallerHeaders): Record<string, string>;
  /** Media type asked for; absent: server-sent events for streams, JSON otherwise. */
  accept?(surface: Surface, stream: boolean): string;
  /** The body as this provider takes it; absent: as it is. */
  body?(body: Buffer, surface: Surface, caller: CallerHeaders, maxDepth: number): Buffer;
  /** The secret's header, or a signature over the request, which takes a moment. */
  authorize(
    secret: string,
    request: ProviderRequest,
    nowMs: number,
  ): Record<string, string> | Promise<Record<string, string>>;
}

const behindEndpoint: Provider["address"] = (model, surface) => model.endpoint + surface.upstreamPath(model.upstream);

/** The named ones of the caller's headers that it sent once. */
function passed(caller: CallerHeaders, names: readonly string[]): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = caller[name];
    if (typeof value === "string") kept[name] = value;
  }
  return kept;
}

export const providers: Readonly<Record<Protocol, Provider>> = {
  openai: {
    address: behindEndpoint,
    headers: (caller) => passed(caller, ["openai-beta"]),
    authorize: (secret) => ({ authorization: `Bearer ${secret}` }),
  },
  anthropic: {
    address: behindEndpoint,
    headers: (caller) => ({
      "anthropic-version": "2023-06-01",
      ...passed(caller, ["anthropic-version", "anthropic-beta"]),
    }),
    authorize: (secret) => ({ "x-api-key": secret }),
  },
  gemini: {
    address: behindEndpoint,
    headers: () => ({}),
    authorize: (secret) => ({ "x-goog-api-key": secret }),
  },
  "azure-openai": azureOpenai,
  bedrock,
};
