import { cleanLabels } from "@mandate/model";
import type { RegisterFacts, ResourceType, SystemFacts } from "@mandate/model";
import { compilePolicy } from "@mandate/policy";
import type { PolicyDecisionPoint } from "@mandate/policy";
import type { Tally } from "../evidence/index.ts";
import { termsByResource } from "./rule-terms.ts";

export interface ReachNode {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly note?: string;
  readonly sensitivity?: string | null;
  readonly region?: string | null;
  readonly inside: boolean;
}

export interface ReachEdge {
  readonly from: string;
  readonly to: string;
  readonly outcome: "allow" | "hold" | "deny";
  readonly rule?: string;
  readonly terms?: string;
  readonly count24h?: Tally;
}

const actions = { model: "model.call", tool: "tool.call", destination: "data.export" } as const;
const points = new WeakMap<RegisterFacts, PolicyDecisionPoint>();

/** What is enforced says of a call that brings nothing of its own: no data, no arguments, a session that has seen nothing. */
function decided(facts: RegisterFacts, system: SystemFacts, kind: keyof typeof actions, id: string, nowSeconds: number) {
  const point = points.get(facts) ?? compilePolicy(facts);
  points.set(facts, point);
  const resource: { type: ResourceType; id: string } = { type: kind, id };
  return point.decide({ system: system.name, action: actions[kind], resource, now: nowSeconds, purpose: system.purposes[0] ?? null, labels: cleanLabels, session: {}, input: null, argumentsFromUser: true, data: { classes: [], region: null, sensitivity: null }, digest: null, approval: null });
}

/**
 * What a system can reach, from the facts that are enforced right now: its grants, what tools return and models belong
 * to, and what it asks for but wasn't authorized to have. INVARIANT (G9): what a call with nothing in it is refused is
 * never shown as reached. A rule about arguments, or what a session has seen, can refuse more than is shown.
 */
export function reachOf(facts: RegisterFacts, system: SystemFacts, counts: ReadonlyMap<string, Tally>, nowSeconds: number): { nodes: ReachNode[]; edges: ReachEdge[] } {
  const nodes = new Map<string, ReachNode>();
  const edges: ReachEdge[] = [];
  const self = `system:${system.name}`;
  const inside = (region: string | null | undefined): boolean => region == null || system.boundary.regions.includes(region);
  const put = (node: ReachNode): string => {
    nodes.set(node.id, node);
    return node.id;
  };
  const granted = system.status === "refused" ? "deny" : "allow";
  const rules = termsByResource(facts.policies.filter((policy) => system.policies.includes(policy.name)));
  const edge = (to: string, more: Partial<ReachEdge> = {}): void => {
    const count = tallyOf(to);
    const own = rules.get(to);
    const outcome = more.outcome ?? (granted === "allow" && own?.holds === true ? "hold" : granted);
    const [kind = "", name = to] = to.split(/:(.*)/s);
    const answer = outcome === "deny" || !Object.hasOwn(actions, kind) ? null : decided(facts, system, kind as keyof typeof actions, name, nowSeconds);
    // A rule about an argument that isn't there says nothing of calls that bring it.
    const refused = answer !== null && answer.outcome === "deny" && answer.code !== "policy" ? answer.reason : undefined;
    const terms = [refused, more.terms, ...(own?.because ?? [])].filter((text) => text !== undefined).join(" ");
    edges.push({ from: self, to, ...more, ...(terms === "" ? {} : { terms }), outcome: refused !== undefined ? "deny" : answer?.outcome === "hold" ? "hold" : outcome, count24h: count });
  };
  put({ id: self, kind: "system", name: system.name, inside: true });

  for (const name of system.grants.models) {
    const model = facts.models.find((one) => one.name === name);
    edge(put({ id: `model:${name}`, kind: "model", name, region: model?.region ?? null, sensitivity: model?.maxSensitivity ?? null, inside: inside(model?.region) }), { rule: `grant:model:${name}` });
    if (model?.vendor != null) link(`model:${name}`, put({ id: `vendor:${model.vendor}`, kind: "vendor", name: model.vendor, inside: true }));
  }
  for (const name of system.grants.tools) {
    const tool = facts.tools.find((one) => one.name === name);
    const note = tool === undefined ? "not labelled" : `${tool.effect}${tool.reversible || tool.effect === "reads" ? "" : ", can't be undone"}`;
    edge(put({ id: `tool:${name}`, kind: "tool", name, note, region: tool?.region ?? null, inside: inside(tool?.region) }), {
      rule: `grant:tool:${name}`,
      ...(tool?.changed === true ? { outcome: "deny" as const, terms: "Its definition isn't the pinned one." } : {}),
    });
    if (tool?.returns != null) link(`tool:${name}`, datasetNode(tool.returns));
  }
  for (const name of system.grants.datasets) edge(datasetNode(name), { rule: `grant:dataset:${name}` });
  for (const name of system.grants.destinations) {
    const destination = facts.destinations.find((one) => one.name === name);
    edge(put({ id: `destination:${name}`, kind: "destination", name, sensitivity: destination?.maxSensitivity ?? null, region: destination?.region ?? null, inside: inside(destination?.region) }), {
      rule: `grant:destination:${name}`,
      terms: destination === undefined ? "Not registered." : `At most ${destination.maxSensitivity}; classes ${destination.classes.join(", ") || "none"}.`,
    });
    if (destination?.vendor != null) link(`destination:${name}`, put({ id: `vendor:${destination.vendor}`, kind: "vendor", name: destination.vendor, inside: true }));
  }
  for (const text of system.differences) {
    const [kind = "", name = text] = text.split(/:(.*)/s);
    if (!nodes.has(text)) put({ id: text, kind, name, inside: true });
    edges.push({ from: self, to: text, outcome: "deny", rule: "reassessment_required", terms: "In the record now, but not in what was authorized.", count24h: tallyOf(text) });
  }
  return { nodes: [...nodes.values()], edges };

  function datasetNode(name: string): string {
    const dataset = facts.datasets.find((one) => one.name === name);
    return put({ id: `dataset:${name}`, kind: "dataset", name, sensitivity: dataset?.sensitivity ?? null, region: dataset?.region ?? null, inside: inside(dataset?.region) });
  }

  /** A dataset is read by each call of a tool that returns it. */
  function tallyOf(resource: string): Tally {
    const returning = facts.tools.filter((tool) => tool.returns !== null && resource === `dataset:${tool.returns}`).map((tool) => `tool:${tool.name}`);
    return [resource, ...returning].reduce<Tally>((sum, one) => {
      const own = counts.get(one);
      return own === undefined ? sum : { allow: sum.allow + own.allow, hold: sum.hold + own.hold, deny: sum.deny + own.deny };
    }, { allow: 0, hold: 0, deny: 0 });
  }

  function link(from: string, to: string): void {
    if (!edges.some((one) => one.from === from && one.to === to)) edges.push({ from, to, outcome: granted });
  }
}
