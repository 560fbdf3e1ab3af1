import { definitionOf } from "@mandate/model";
import { expect, test } from "vitest";
import { importLitellm, importPortkey, type Imported } from "./gateway-configs.ts";

const schema = definitionOf("Model").spec;
const named = (found: Imported, name: string) => found.models.find((one) => one.name === name)?.spec;
const leftAt = (found: Imported, path: string) => found.unmapped.find((one) => one.path === path)?.why;

const litellm = `
model_list:
  - model_name: gpt-4o
    litellm_params: { model: azure/gpt-4o-eu, api_base: https://halden-eu.openai.azure.com/, api_key: os.environ/AZURE_API_KEY_EU, api_version: "2024-10-21", rpm: 6 }
  - model_name: gpt-4o
    litellm_params: { model: azure/gpt-4o-ca, api_base: https://halden-ca.openai.azure.com/, api_key: os.environ/AZURE_API_KEY_CA }
  - model_name: claude
    litellm_params: { model: anthropic/claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY }
    model_info: { mode: chat }
  - model_name: local
    litellm_params: { model: hosted_vllm/qwen3, api_base: http://gpu.halden.example:8000/v1, api_key: sk-plain-key-0123456789 }
  - model_name: sage
    litellm_params: { model: sagemaker/thing }
  - model_name: broken
litellm_settings: { num_retries: 3, cache: true, fallbacks: [{ claude: [gpt-4o, nobody] }] }
general_settings: { master_key: sk-master-0123456789, database_url: "postgresql://u:pw@db/x" }
environment_variables: { REDIS_PASSWORD: hunter2 }
`;

test("LiteLLM: each deployment is a model that the register accepts, with its secret's name and who follows it", () => {
  const found = importLitellm(litellm);
  for (const { spec } of found.models) expect(schema.safeParse(spec).error).toBeUndefined();
  expect(named(found, "gpt-4o")).toMatchObject({ protocol: "azure-openai", endpoint: "https://halden-eu.openai.azure.com", upstream: "gpt-4o-eu", apiVersion: "2024-10-21", credential: "secret:azure-api-key-eu", fallback: ["model:gpt-4o-2"] });
  expect(named(found, "claude")).toMatchObject({ protocol: "anthropic", endpoint: "https://api.anthropic.com", upstream: "claude-sonnet-4-5", fallback: ["model:gpt-4o"] });
  expect(found.secrets).toContainEqual({ name: "azure-api-key-eu", host: "halden-eu.openai.azure.com", from: "AZURE_API_KEY_EU" });
});

test("LiteLLM: everything else is listed by its place, and no secret of the file is in what comes out", () => {
  const found = importLitellm(litellm);
  for (const path of ["model_list[0].litellm_params.rpm", "model_list[2].model_info", "model_list[4].litellm_params", "model_list[5]", "litellm_settings.num_retries", "litellm_settings.cache", "litellm_settings.fallbacks[0]", "general_settings.master_key", "general_settings.database_url", "environment_variables.REDIS_PASSWORD"]) expect(leftAt(found, path), path).toBeDefined();
  expect(leftAt(found, "model_list[3].litellm_params.api_key")).toContain("not copied");
  const out = JSON.stringify(found);
  for (const secret of ["sk-plain-key", "sk-master", "pw@db", "hunter2"]) expect(out).not.toContain(secret);
});

test("Portkey: targets become models in their order; virtual keys, weights and guardrails are listed", () => {
  const found = importPortkey(JSON.stringify({
    retry: { attempts: 5 },
    cache: { mode: "semantic" },
    strategy: { mode: "fallback", on_status_codes: [429] },
    targets: [
      { provider: "openai", api_key: "sk-portkey-0123456789", override_params: { model: "gpt-5", temperature: 0 } },
      { strategy: { mode: "loadbalance" }, targets: [{ virtual_key: "anthropic-prod-4f", weight: 0.7, override_params: { model: "claude-sonnet-4-5" }, input_guardrails: [{ "default.contains": {} }] }, { provider: "nowhere" }] },
    ],
  }));
  for (const { spec } of found.models) expect(schema.safeParse(spec).error).toBeUndefined();
  expect(found.models.map((one) => one.name)).toEqual(["gpt-5", "claude-sonnet-4-5"]);
  expect(named(found, "gpt-5")).toMatchObject({ protocol: "openai", fallback: ["model:claude-sonnet-4-5"] });
  expect(named(found, "claude-sonnet-4-5")).toMatchObject({ protocol: "anthropic" });
  for (const path of ["retry", "cache", "strategy.on_status_codes", "targets[0].override_params.temperature", "targets[1].strategy", "targets[1].targets[0].virtual_key", "targets[1].targets[0].weight", "targets[1].targets[0].input_guardrails", "targets[1].targets[1]"]) expect(leftAt(found, path), path).toBeDefined();
  expect(JSON.stringify(found)).not.toContain("sk-portkey");
  // As Portkey's own API answers it, and a single target.
  expect(importPortkey(JSON.stringify({ success: true, data: { config: { provider: "groq", override_params: { model: "llama-3.3-70b" } } } })).models[0]!.spec).toMatchObject({ endpoint: "https://api.groq.com/openai/v1" });
});

test("what is neither, too large, or multiplies without end is refused in words", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nmodel_list: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
  for (const text of ["", "[]", "{", "hello: world", bomb, `x: ${"y".repeat(4_000_001)}`]) {
    expect(() => importLitellm(text), text.slice(0, 20)).toThrow(/The file isn't/);
    expect(() => importPortkey(text), text.slice(0, 20)).toThrow(/The file isn't/);
  }
  const deep = `{"targets":[`.repeat(40) + `{"provider":"openai","override_params":{"model":"m"}}` + `]}`.repeat(40);
  expect(importPortkey(deep).unmapped.some((one) => one.why.includes("too deep"))).toBe(true);
  for (const address of ["http://user:pw@h/v1", "javascript:alert(1)", "not an address"]) expect(importLitellm(JSON.stringify({ model_list: [{ model_name: "m", litellm_params: { model: "openai/m", api_base: address } }] })).models).toEqual([]);
  expect(importLitellm(JSON.stringify({ model_list: [{ model_name: "constructor", litellm_params: { model: "__proto__/m" } }] })).models).toEqual([]);
});
