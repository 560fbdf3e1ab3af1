import type { FlagReason } from "@mandate/frameworks";
import type { AuthorizationType, SpecOf, Tier } from "@mandate/model";
import type { FlowDecisions } from "../legal-reviews/index.ts";
import type { Register, StoredObject, ToolPin } from "../registry/index.ts";
import { toolNames } from "../registry/index.ts";
import type { SystemVisibility } from "../visibility/index.ts";
import type { Anchor } from "./anchor.ts";
import type { GrantUse } from "./use.ts";

/** Everything a gate looks at, read once, in one transaction. */
export interface GateFacts {
  readonly nowMs: number;
  readonly type: AuthorizationType;
  readonly system: StoredObject<"AISystem">;
  readonly tier: Tier;
  readonly grants: { readonly models: readonly string[]; readonly tools: readonly string[]; readonly datasets: readonly string[]; readonly prompts: readonly string[]; readonly destinations: readonly string[] };
  readonly flags: readonly FlagReason[];
  readonly unanswered: readonly string[];
  readonly register: Register;
  readonly pins: readonly ToolPin[];
  /** E-mails of owners who are no longer here. */
  readonly departed: ReadonlySet<string>;
  /** E-mails of owners who were invited and have never come. */
  readonly unseen: ReadonlySet<string>;
  readonly acceptedRisks: ReadonlySet<string>;
  readonly evaluations: readonly { readonly name: string; readonly title: string; readonly metric: string; readonly state: "met" | "missed" | "missing" }[];
  readonly keys: readonly { readonly id: string; readonly createdAt: Date }[];
  readonly credentialMaxDays: number;
  readonly lastDrill: Date | null;
  readonly flows: FlowDecisions;
  readonly uses: readonly GrantUse[];
  readonly visibility: SystemVisibility;
  readonly anchor: Anchor;
}

export interface Checked {
  readonly state: "met" | "not_met" | "cant_tell";
  /** What was looked at and what was found, in plain words. */
  readonly detail: string;
  /** Console path of what shows it. */
  readonly evidence: string | null;
}

type Check = (facts: GateFacts) => Checked;

const dayMs = 86_400_000;
const drillGoodDays = 365;
/** Less says nothing about what is needed. */
const watchedDays = 14;
const usedWithinDays = 90;
const anchorGoodHours = 24;
const bare = (reference: string): string => reference.slice(reference.indexOf(":") + 1);
const met = (detail: string, evidence: string | null = null): Checked => ({ state: "met", detail, evidence });
const unmet = (detail: string, evidence: string | null = null): Checked => ({ state: "not_met", detail, evidence });
const cantTell = (detail: string): Checked => ({ state: "cant_tell", detail, evidence: null });
/** Met when nothing is wrong. */
const none = (wrong: readonly string[], good: string, evidence: string | null = null): Checked => (wrong.length === 0 ? met(good, evidence) : unmet(wrong.join(" "), evidence));
const page = (facts: GateFacts): string => `/systems/${encodeURIComponent(facts.system.name)}`;
const list = (names: readonly string[]): string => (names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", "));

function vendorsOf({ register, grants }: GateFacts): string[] {
  const models = grants.models.flatMap((name) => register.get("Model", name)?.spec.vendor ?? []);
  const destinations = grants.destinations.flatMap((name) => register.get("Destination", name)?.spec.vendor ?? []);
  return [...new Set([...models, ...destinations].map(bare))];
}

type Documents = SpecOf<"Document">["type"];

function documentOf(facts: GateFacts, what: string, matches: (spec: SpecOf<"Document">) => boolean): Checked {
  const own = `system:${facts.system.name}`;
  const found = facts.register.all("Document").filter(({ spec }) => spec.systems.includes(own) && matches(spec));
  const current = found.find(({ spec }) => spec.ends === undefined || Date.parse(spec.ends) > facts.nowMs);
  if (current !== undefined) return met(`${current.spec.title}${current.spec.ends === undefined ? "" : `, until ${current.spec.ends.slice(0, 10)}`}.`, "/documents");
  return unmet(found.length > 0 ? `${found[0]!.spec.title} has ended.` : `No ${what} is registered for this system.`, "/documents");
}

const ofType = (what: string, ...types: readonly Documents[]): Check => (facts) => documentOf(facts, what, (spec) => types.includes(spec.type));
const titled = (words: string): Check => (facts) => documentOf(facts, `document "${words}"`, (spec) => spec.title.toLowerCase().includes(words.toLowerCase()));

const consequential: ReadonlySet<string> = new Set(["deletes", "pays", "executes", "grants"]);

function irreversibleTools({ register, grants }: GateFacts): string[] {
  return grants.tools.filter((name) => {
    const spec = register.get("Tool", name)?.spec;
    // Nobody labelled it: it counts as the worst.
    return spec === undefined || (consequential.has(spec.effect) && spec.reversible !== true);
  });
}

function policiesOf({ register, system }: GateFacts): StoredObject<"Policy">[] {
  return system.spec.policies.flatMap((text) => register.get("Policy", bare(text)) ?? []);
}

const binds = (tool: string) => ({ spec }: StoredObject<"Policy">): boolean =>
  spec.cedar !== undefined ? spec.cedar.includes(`Tool::"${tool}"`) : (spec.rules ?? []).some((rule) => rule.on === `tool:${tool}` && (rule.holdUnless !== undefined || rule.denyUnless !== undefined));

function evaluated(facts: GateFacts, what: string, wanted: readonly GateFacts["evaluations"][number][]): Checked {
  if (wanted.length === 0) return unmet(`No ${what} is recorded.`, "/reviews");
  const failing = wanted.filter((one) => one.state !== "met");
  return none(failing.map((one) => `${one.title} ${one.state === "missed" ? "misses its threshold" : "has no current score"}.`), `${wanted.length} with a current score that meets its threshold.`, "/reviews");
}

const adversarial = /^(?:adversarial|injection|jailbreak|attack)/i;

const checks: Readonly<Record<string, Check>> = {
  "INV-01": (facts) => {
    const { spec } = facts.system;
    return none([...(spec.purposes.length === 0 ? ["No purpose is written down."] : []), ...(spec.boundary === undefined ? ["It has no data boundary."] : [])], "Purpose, boundary and what it uses are written down.", page(facts));
  },
  "OWN-01": (facts) => {
    const { business, technical } = facts.system.spec.owners;
    const gone = [business, technical].filter((email) => email !== undefined && facts.departed.has(email));
    if (business === undefined || technical === undefined) return unmet("An owner's seat is empty.", page(facts));
    // A pilot, and what is of limited risk, may begin while an invitation is under way; elevated risk that operates is
    // answered for by people who were here.
    const unseen = facts.type === "production" && (facts.tier === "T2" || facts.tier === "T3") ? [business, technical].filter((email) => facts.unseen.has(email)) : [];
    return none([...(business === technical ? ["One person holds both seats."] : []), ...gone.map((email) => `${email} is no longer here.`), ...unseen.map((email) => `${email} has never signed in.`)], `${business} and ${technical}.`, page(facts));
  },
  "TIER-01": (facts) => (facts.unanswered.length > 0 ? unmet(`Unanswered: ${list(facts.unanswered)}.`, page(facts)) : met(`${facts.tier}, from recorded answers.`, page(facts))),
  "VEN-01": (facts) => {
    const vendors = vendorsOf(facts);
    const wrong = vendors.flatMap((name) => {
      const contract = facts.register.get("Vendor", name)?.spec.contract;
      if (contract === undefined) return [`${name} has no contract on record.`];
      return contract.expires !== undefined && Date.parse(`${contract.expires}T23:59:59Z`) <= facts.nowMs ? [`The contract with ${name} ended on ${contract.expires}.`] : [];
    });
    return none(wrong, vendors.length === 0 ? "It depends on no vendor." : `${list(vendors)}.`, "/vendors");
  },
  "INV-05": (facts) => {
    const unsupplied = facts.grants.models.filter((name) => {
      const spec = facts.register.get("Model", name)?.spec;
      return spec === undefined || (spec.vendor === undefined && spec.host !== "self");
    });
    return none(unsupplied.map((name) => `Nobody said who supplies ${name}.`), facts.grants.models.length === 0 ? "It uses no model." : `${list(facts.grants.models)}.`, "/models");
  },
  "DATA-01": (facts) => {
    const wrong = facts.grants.datasets.flatMap((name) => {
      const spec = facts.register.get("Dataset", name)?.spec;
      const lacks = [...(spec?.region === undefined ? ["region"] : []), ...(spec?.retention === undefined ? ["retention"] : [])];
      return lacks.length === 0 ? [] : [`${name} lacks ${lacks.join(" and ")}.`];
    });
    const flows = facts.register.all("DataFlow").filter(({ spec }) => spec.system === `system:${facts.system.name}` && spec.sensitivity === undefined).map(({ name }) => `Flow ${name} lacks its sensitivity.`);
    return none([...wrong, ...flows], facts.grants.datasets.length === 0 ? "It uses no dataset." : `${list(facts.grants.datasets)}.`, "/datasets");
  },
  "DATA-03": ({ flows }) => none(flows.undecided.map((flow) => `Undecided: ${flow}`), flows.decided.length === 0 ? "Nothing it may call lies in another region than its data; outside its boundary calls are refused." : flows.decided.join(" "), "/legal-reviews"),
  "OVS-01": (facts) => (facts.flags.some((one) => one.flag === "F-ART50") ? ofType("notice", "notice")(facts) : met("Nothing in it has to be told to people (no Article 50 trigger).")),
  "OVS-03": (facts) => {
    const { business, technical } = facts.system.spec.owners;
    const trained = (email: string): boolean => facts.register.all("TrainingRecord").some(({ spec }) => spec.person === email && Date.parse(spec.completed) <= facts.nowMs && (spec.ends === undefined || Date.parse(spec.ends) > facts.nowMs) && (spec.systems.length === 0 || spec.systems.includes(`system:${facts.system.name}`)));
    const untrained = [business, technical].flatMap((email) => (email === undefined ? ["an owner"] : trained(email) ? [] : [email]));
    return none(untrained.map((email) => `No current training of ${email}.`), "Both owners hold a current training.", "/documents");
  },
  "RT-05": (facts) => {
    const tools = irreversibleTools(facts);
    const unbound = tools.filter((tool) => !policiesOf(facts).some(binds(tool)));
    return none(unbound.map((tool) => `No policy holds or limits ${tool}.`), tools.length === 0 ? "It has no irreversible action." : `${list(tools)}, bound by policy.`, "/policies");
  },
  "RT-06": (facts) => {
    const wrong = facts.grants.tools.flatMap((name) => {
      const tool = facts.register.get("Tool", name);
      if (tool !== undefined && tool.spec.server === undefined) return [];
      const pins = tool === undefined ? facts.pins.filter((pin) => pin.tool === name || `${pin.server}.${pin.tool}` === name) : facts.pins.filter((pin) => `mcp-server:${pin.server}` === tool.spec.server && toolNames(tool).includes(pin.tool));
      if (pins.length === 0) return [`${name} isn't pinned.`];
      return pins.some((pin) => pin.seenHash !== null && pin.seenHash !== pin.pinnedHash) ? [`The definition of ${name} changed since it was pinned.`] : [];
    });
    return none(wrong, "Every definition is as it was reviewed; prompts are part of the version.", "/tools");
  },
  "RT-08": (facts) => {
    if (facts.lastDrill === null) return unmet("It was never stopped and started again.", page(facts));
    const age = Math.floor((facts.nowMs - facts.lastDrill.getTime()) / dayMs);
    return age < drillGoodDays ? met(`Stopped and started again on ${facts.lastDrill.toISOString().slice(0, 10)}.`, page(facts)) : unmet(`The last drill is ${age} days old.`, page(facts));
  },
  "RT-09": () => met("The guardrail untrusted-session holds what untrusted content could have caused.", "/policies"),
  "NHI-05": (facts) => {
    const ago = (at: Date): number => facts.nowMs - at.getTime();
    const idle = facts.uses.filter((one) => one.lastUsed === null || ago(one.lastUsed) > usedWithinDays * dayMs);
    const accepted = risksOf(facts).filter(({ name, spec }) => spec.controls.includes("NHI-05") && facts.acceptedRisks.has(name));
    // A fallback that is never needed is as it should be.
    const standsBy = (grant: string): boolean => grant.startsWith("model:") && facts.register.get("Model", bare(grant))?.spec.role === "fallback";
    const justified = (name: string): boolean => standsBy(name) || accepted.some(({ spec }) => `${spec.title}\n${spec.description ?? ""}`.includes(name));
    const open = idle.filter((one) => !justified(one.grant));
    const watched = open.filter((one) => one.since !== null && ago(one.since) >= watchedDays * dayMs);
    if (watched.length > 0) return unmet(`Granted and not used in ${usedWithinDays} days: ${list(watched.map((one) => one.grant))}.`, page(facts));
    if (open.length > 0) return cantTell(`${list(open.map((one) => one.grant))} could be called for less than ${watchedDays} days, too short to say that it isn't needed.`);
    return met(idle.length === 0 ? "All that is granted is used." : `All that is granted is used, or stands by, or its keeping is accepted: ${list(idle.map((one) => one.grant))}.`, page(facts));
  },
  "NHI-AGE": (facts) => none(facts.keys.filter((key) => facts.nowMs - key.createdAt.getTime() > facts.credentialMaxDays * dayMs).map((key) => `${key.id} is older than ${facts.credentialMaxDays} days.`), facts.keys.length === 0 ? "It has no key." : `No key is older than ${facts.credentialMaxDays} days.`, `/credentials?system=${encodeURIComponent(facts.system.name)}`),
  "LOG-03": ({ anchor: { witnesses, at }, nowMs }) => {
    if (witnesses.length === 0) return unmet("No outside witness is named, so nobody but ourselves vouches for the log.", "/settings");
    if (at === null) return unmet(`${list(witnesses)}: no quorum of them has signed a checkpoint yet.`, "/settings");
    const hours = Math.floor((nowMs - at.getTime()) / 3_600_000);
    return none(hours < anchorGoodHours ? [] : [`A quorum last signed a checkpoint ${hours} hours ago; the limit is ${anchorGoodHours}.`], `A quorum of ${list(witnesses)} signed a checkpoint within ${anchorGoodHours} hours.`, "/settings");
  },
  "LOG-04": () => met("A call whose intent can't be written is refused (evidence_unavailable).", "/evidence"),
  "LOG-05": ({ visibility: { gap, minimum } }) => {
    if (gap === null) return met(`What its models show is at least ${minimum}.`, "/models");
    if (gap.accepted === null) return unmet(`${list(gap.models)} show less than ${minimum}, and nobody accepted it as a risk that names LOG-05.`, "/risks");
    return met(`${list(gap.models)} show less than ${minimum}; ${gap.accepted.by} accepted it (${gap.accepted.risk}) until ${gap.accepted.ends.slice(0, 10)}.`, "/risks");
  },
  "GATE-05": (facts) => evaluated(facts, "evaluation", facts.evaluations),
  "GATE-06": (facts) => evaluated(facts, "adversarial test", facts.evaluations.filter((one) => adversarial.test(one.metric))),
  "GATE-08": ofType("impact assessment", "fria", "dpia"),
  RISK: (facts) => {
    const risks = risksOf(facts);
    if (risks.length === 0) return unmet("No risk is written down.", "/risks");
    return none(risks.filter(({ name, spec }) => spec.residual !== "low" && !facts.acceptedRisks.has(name)).map(({ spec }) => `${spec.title}: what is left is ${spec.residual} and not accepted.`), `${risks.length} written down, each low or accepted.`, "/risks");
  },
  "POLICY-TESTS": (facts) => {
    const policies = policiesOf(facts);
    if (policies.length === 0) return facts.grants.tools.every((name) => facts.register.get("Tool", name)?.spec.effect === "reads") ? met("It acts on nothing, so it needs no policy of its own.", "/policies") : unmet("It acts, and no policy is attached.", "/policies");
    // A policy whose tests fail can't be applied, so those that stand here pass.
    return none(policies.filter(({ spec }) => (spec.tests ?? []).length === 0).map(({ name }) => `${name} has no tests.`), `${list(policies.map((one) => one.name))}, tested when applied.`, "/policies");
  },
  "ANX-IV": ofType("technical documentation", "technical"),
  "ART-27": ofType("fundamental rights impact assessment", "fria"),
  "ART-16": titled("Provider duties"),
  "ART-43": titled("Conformity assessment"),
  "ART-49": titled("EU registration"),
  "ART-53": titled("Model documentation"),
  "ART-55": titled("Systemic risk"),
};

function risksOf({ register, system }: GateFacts): StoredObject<"Risk">[] {
  return register.all("Risk").filter(({ spec }) => spec.systems.includes(`system:${system.name}`));
}

/** Ids that a machine looks at. */
export const checkedGates: readonly string[] = Object.keys(checks);

/** An item nobody wrote a check for is an organization's own: a current document whose title starts with it. */
export function checkGate(id: string, facts: GateFacts): Checked {
  const check = Object.hasOwn(checks, id) ? checks[id]! : undefined;
  if (check !== undefined) return check(facts);
  return documentOf(facts, `document whose title starts with ${id}`, (spec) => spec.title.startsWith(id));
}
