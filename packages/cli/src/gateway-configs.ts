import { parseDocument } from "yaml";
import { CliError } from "./cli-error.ts";

/** A model as a manifest has it, and the secret it needs under the name it is to be sealed by. */
export interface DraftModel {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}
export interface DraftSecret {
  readonly name: string;
  readonly host: string;
  /** Where the other gateway has it: a variable's name, a virtual key. Never the key itself. */
  readonly from: string;
}
export interface Imported {
  readonly models: readonly DraftModel[];
  readonly secrets: readonly DraftSecret[];
  /** Everything the file says that isn't in the drafts, by its path: nothing is dropped in silence. */
  readonly unmapped: readonly { readonly path: string; readonly why: string }[];
}

const maxBytes = 4_000_000;
const maxModels = 2_000;

/** Providers that speak a protocol of ours, and where they do. An address of null has to come from the file. */
const providers: Readonly<Record<string, readonly [protocol: string, endpoint: string | null]>> = {
  openai: ["openai", "https://api.openai.com/v1"],
  text_completion_openai: ["openai", "https://api.openai.com/v1"],
  azure: ["azure-openai", null],
  azure_ai: ["openai", null],
  "azure-openai": ["azure-openai", null],
  anthropic: ["anthropic", "https://api.anthropic.com"],
  gemini: ["gemini", "https://generativelanguage.googleapis.com"],
  google: ["gemini", "https://generativelanguage.googleapis.com"],
  bedrock: ["bedrock", null],
  mistral: ["openai", "https://api.mistral.ai/v1"],
  "mistral-ai": ["openai", "https://api.mistral.ai/v1"],
  groq: ["openai", "https://api.groq.com/openai/v1"],
  deepseek: ["openai", "https://api.deepseek.com/v1"],
  together_ai: ["openai", "https://api.together.xyz/v1"],
  "together-ai": ["openai", "https://api.together.xyz/v1"],
  fireworks_ai: ["openai", "https://api.fireworks.ai/inference/v1"],
  openrouter: ["openai", "https://openrouter.ai/api/v1"],
  perplexity: ["openai", "https://api.perplexity.ai"],
  xai: ["openai", "https://api.x.ai/v1"],
  hosted_vllm: ["openai", null],
  vllm: ["openai", null],
  ollama: ["openai", "http://localhost:11434/v1"],
  ollama_chat: ["openai", "http://localhost:11434/v1"],
  lm_studio: ["openai", "http://localhost:1234/v1"],
};

/** What to do in Mandate about what has no place in a model, by the member's name. */
const elsewhere: Readonly<Record<string, string>> = {
  rpm: "calls a minute belong to a system's limits",
  tpm: "tokens belong to a system's limits",
  max_budget: "money belongs to a system's limits",
  budget_duration: "money belongs to a system's limits",
  master_key: "Mandate's own keys are made here: mandate credential create",
  database_url: "the store is set with MANDATE_DATABASE_URL",
  success_callback: "each call is an entry of the evidence log; stream it with mandate export stream",
  failure_callback: "each call is an entry of the evidence log; stream it with mandate export stream",
  callbacks: "each call is an entry of the evidence log; stream it with mandate export stream",
  cache: "answers aren't cached: a cached one was decided for somebody else",
  cache_params: "answers aren't cached: a cached one was decided for somebody else",
  guardrails: "write it as a policy's rule, and try it: mandate policy simulate",
  input_guardrails: "write it as a policy's rule, and try it: mandate policy simulate",
  output_guardrails: "write it as a policy's rule, and try it: mandate policy simulate",
  num_retries: "retries happen only inside what is authorized, and aren't set by model",
  retry: "retries happen only inside what is authorized, and aren't set by model",
  weight: "traffic isn't divided among models; fallback names who follows",
  routing_strategy: "traffic isn't divided among models; fallback names who follows",
  input_cost_per_token: "prices are dated lines in euros a million tokens: spec.price",
  output_cost_per_token: "prices are dated lines in euros a million tokens: spec.price",
  metadata: "it says nothing that is enforced here",
};

type Members = Readonly<Record<string, unknown>>;
const isMembers = (value: unknown): value is Members => typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** Gathers drafts and what found no place, with names that are free. */
class Drafts {
  readonly models: DraftModel[] = [];
  readonly secrets = new Map<string, DraftSecret>();
  readonly unmapped: { path: string; why: string }[] = [];
  readonly #names = new Set<string>();

  nameFor(wanted: string): string {
    const base = wanted.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "").slice(0, 56) || "model";
    let name = base;
    for (let number = 2; this.#names.has(name); number += 1) name = `${base}-${number}`;
    this.#names.add(name);
    return name;
  }

  leave(path: string, member: string, why?: string): void {
    this.unmapped.push({ path, why: why ?? elsewhere[member] ?? "Mandate has no place for it" });
  }

  /** Names the secret a key stands for. The key itself is never copied: it is sealed by hand, for one host. */
  secretFor(key: string | undefined, endpoint: string, path: string): string | undefined {
    if (key === undefined) return undefined;
    const variable = /^os\.environ\/(\w+)$/.exec(key)?.[1] ?? /^(?:\$\{?|env\.)(\w+)\}?$/.exec(key)?.[1];
    const host = new URL(endpoint).hostname;
    const name = (variable ?? host).toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    const id = [...this.secrets.values()].some((one) => one.name === name && one.host !== host) ? `${name}-${host.replaceAll(".", "-")}` : name;
    this.secrets.set(`${id} ${host}`, { name: id, host, from: variable ?? `the key at ${path}` });
    if (variable === undefined) this.leave(path, "api_key", "a key stands in the file; it was not copied, and should be replaced where it was issued");
    return `secret:${id}`;
  }

  result(): Imported {
    return { models: this.models, secrets: [...this.secrets.values()], unmapped: this.unmapped };
  }
}

/** `config.yaml` of LiteLLM's proxy. @throws CliError when it isn't one */
export function importLitellm(text: string): Imported {
  const config = read(text);
  const list = config["model_list"];
  if (!Array.isArray(list)) throw notThat("a LiteLLM configuration: it has no model_list");
  if (list.length > maxModels) throw notThat(`imported in one piece: it has more than ${maxModels} models`);
  const drafts = new Drafts();
  const byAlias = new Map<string, string[]>();
  list.forEach((entry: unknown, at) => {
    const path = `model_list[${at}]`;
    const params = isMembers(entry) ? entry["litellm_params"] : undefined;
    const full = isMembers(params) ? textOf(params["model"]) : undefined;
    if (!isMembers(entry) || !isMembers(params) || full === undefined) return drafts.leave(path, "", "it names no model");
    const alias = textOf(entry["model_name"]) ?? full;
    const slash = full.indexOf("/");
    const provider = slash === -1 ? "openai" : full.slice(0, slash);
    const found = draft(drafts, { path: `${path}.litellm_params`, alias, provider, upstream: slash === -1 ? full : full.slice(slash + 1), endpoint: textOf(params["api_base"]) ?? textOf(params["base_url"]), key: textOf(params["api_key"]), keyPath: `${path}.litellm_params.api_key`, apiVersion: textOf(params["api_version"]) });
    if (found !== null) byAlias.set(alias, [...(byAlias.get(alias) ?? []), found]);
    leaveRest(drafts, params, `${path}.litellm_params`, ["model", "api_base", "base_url", "api_key", "api_version"]);
    leaveRest(drafts, entry, path, ["model_name", "litellm_params"]);
  });
  const fallbacks: { from: string; to: string; path: string }[] = [];
  for (const [alias, names] of byAlias) {
    const [first, ...rest] = names;
    // One name over several deployments shares the load there; here the later ones follow when the first can't answer.
    for (const to of rest) fallbacks.push({ from: first!, to, path: `model_list (${alias})` });
  }
  for (const [section, member] of [["litellm_settings", "fallbacks"], ["router_settings", "fallbacks"]] as const) {
    const settings = config[section];
    if (!isMembers(settings) || !Array.isArray(settings[member])) continue;
    for (const [at, one] of settings[member].entries())
      for (const [from, targets] of Object.entries(isMembers(one) ? one : {}))
        for (const to of Array.isArray(targets) ? targets : []) {
          const [source, target] = [byAlias.get(from)?.[0], byAlias.get(String(to))?.[0]];
          const path = `${section}.${member}[${at}]`;
          if (source === undefined || target === undefined) drafts.leave(path, "", `${from} or ${String(to)} is not among the models`);
          else fallbacks.push({ from: source, to: target, path });
        }
  }
  follow(drafts, fallbacks);
  for (const [section, value] of Object.entries(config)) {
    if (section === "model_list") continue;
    if (!isMembers(value)) drafts.leave(section, section);
    else leaveRest(drafts, value, section, section === "litellm_settings" || section === "router_settings" ? ["fallbacks"] : []);
  }
  return drafts.result();
}

/** A Portkey gateway config: one target, or a tree of them. @throws CliError when it isn't one */
export function importPortkey(text: string): Imported {
  const whole = read(text);
  const config = isMembers(whole["config"]) ? whole["config"] : isMembers(whole["data"]) && isMembers(whole["data"]["config"]) ? whole["data"]["config"] : whole;
  if (!("targets" in config) && !("provider" in config) && !("virtual_key" in config) && !("virtualKey" in config)) throw notThat("a Portkey configuration: it has no targets and no provider");
  const drafts = new Drafts();
  const fallbacks: { from: string; to: string; path: string }[] = [];
  const visit = (target: Members, path: string, depth: number): string[] => {
    const targets = target["targets"];
    if (Array.isArray(targets)) {
      if (depth > 10) {
        drafts.leave(`${path}targets`, "", "targets within targets go too deep");
        return [];
      }
      const strategy = isMembers(target["strategy"]) ? target["strategy"] : {};
      const names = targets.flatMap((one: unknown, at) => (isMembers(one) ? visit(one, `${path}targets[${at}].`, depth + 1) : []));
      if (strategy["mode"] === "fallback") for (const to of names.slice(1)) fallbacks.push({ from: names[0]!, to, path: `${path}strategy` });
      else if (strategy["mode"] !== undefined && strategy["mode"] !== "single") drafts.leave(`${path}strategy`, "weight");
      leaveRest(drafts, strategy, `${path}strategy`, ["mode"]);
      leaveRest(drafts, target, path.replace(/\.$/, ""), ["targets", "strategy"]);
      return names;
    }
    const overrides = target["override_params"] ?? target["overrideParams"];
    const params = isMembers(overrides) ? overrides : {};
    const provider = (textOf(target["provider"]) ?? "").replace(/^@/, "");
    const upstream = textOf(params["model"]);
    if (upstream === undefined) drafts.leave(`${path}override_params.model`, "", "it names no model: put the ones that callers use under spec.served");
    const virtual = textOf(target["virtual_key"]) ?? textOf(target["virtualKey"]);
    if (virtual !== undefined) drafts.leave(`${path}virtual_key`, "", `the key behind ${virtual} stays at Portkey; seal the provider's key here: mandate secret set`);
    const found = draft(drafts, { path: path.replace(/\.$/, "") || "config", alias: upstream ?? (provider || virtual || "model"), provider: provider || guessed(virtual), upstream, endpoint: textOf(target["custom_host"]) ?? textOf(target["customHost"]), key: textOf(target["api_key"]) ?? textOf(target["apiKey"]), keyPath: `${path}api_key`, apiVersion: textOf(target["azure_api_version"]) ?? textOf(target["azureApiVersion"]) });
    leaveRest(drafts, params, `${path}override_params`, ["model"]);
    leaveRest(drafts, target, path.replace(/\.$/, ""), ["provider", "virtual_key", "virtualKey", "api_key", "apiKey", "override_params", "overrideParams", "custom_host", "customHost", "azure_api_version", "azureApiVersion"]);
    return found === null ? [] : [found];
  };
  visit(config, "", 0);
  follow(drafts, fallbacks);
  return drafts.result();
}

/** A virtual key is often called after its provider; a guess is said, never silent. */
function guessed(virtual: string | undefined): string {
  return Object.keys(providers).find((one) => virtual?.toLowerCase().includes(one) === true) ?? "";
}

interface Source {
  readonly path: string;
  readonly alias: string;
  readonly provider: string;
  readonly upstream: string | undefined;
  readonly endpoint: string | undefined;
  readonly key: string | undefined;
  readonly keyPath: string;
  readonly apiVersion: string | undefined;
}

function draft(drafts: Drafts, source: Source): string | null {
  const [protocol, usual] = Object.hasOwn(providers, source.provider) ? providers[source.provider]! : [source.endpoint === undefined ? null : "openai", null];
  const endpoint = source.endpoint ?? usual ?? undefined;
  if (protocol === null) {
    drafts.leave(source.path, "", source.provider === "" ? "it names no provider" : `the provider ${source.provider} speaks no protocol that is checked here`);
    return null;
  }
  if (endpoint === undefined || !URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    drafts.leave(source.path, "", `${source.provider} needs an address of its own: add it as a Model with spec.endpoint`);
    return null;
  }
  if (!Object.hasOwn(providers, source.provider)) drafts.leave(source.path, "", `the provider ${source.provider} is taken as speaking OpenAI's protocol: check it`);
  const address = new URL(endpoint);
  if (address.username !== "" || address.password !== "") {
    drafts.leave(source.path, "", "its address carries a password; it was not copied");
    return null;
  }
  const name = drafts.nameFor(source.alias);
  const credential = drafts.secretFor(source.key, endpoint, source.keyPath);
  drafts.models.push({
    name,
    spec: {
      protocol,
      endpoint: endpoint.replace(/\/+$/, ""),
      ...(credential === undefined ? {} : { credential }),
      ...(source.upstream === undefined || source.upstream === name ? {} : { upstream: source.upstream }),
      ...(source.apiVersion === undefined ? {} : { apiVersion: source.apiVersion }),
    },
  });
  return name;
}

/** Writes who follows whom into the drafts; at most three, as a model may name. */
function follow(drafts: Drafts, fallbacks: readonly { from: string; to: string; path: string }[]): void {
  for (const { from, to, path } of fallbacks) {
    const at = drafts.models.findIndex((one) => one.name === from);
    const known = (drafts.models[at]!.spec["fallback"] ?? []) as readonly string[];
    if (from === to || known.includes(`model:${to}`)) continue;
    if (known.length >= 3) drafts.leave(path, "", `${from} has three fallbacks already, which is the most`);
    else drafts.models[at] = { name: from, spec: { ...drafts.models[at]!.spec, fallback: [...known, `model:${to}`] } };
  }
}

function leaveRest(drafts: Drafts, members: Members, path: string, taken: readonly string[]): void {
  for (const member of Object.keys(members)) if (!taken.includes(member)) drafts.leave(path === "" ? member : `${path}.${member}`, member);
}

function read(text: string): Members {
  if (Buffer.byteLength(text) > maxBytes) throw notThat("imported: it is larger than 4 MB");
  // Aliases are followed a few times at most: they can multiply without end.
  const document = parseDocument(text, { uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) throw notThat(`readable: ${fault.message.split("\n")[0]}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw notThat(`readable: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isMembers(value)) throw notThat("a configuration: it holds no members");
  return value;
}

function notThat(what: string): CliError {
  return new CliError({ code: "import_unreadable", message: `The file isn't ${what}.`, next: "Name the file that the other gateway is started with." });
}
