import {
  type DatasetFacts,
  type RegisterFacts,
  type Sensitivity,
  sensitivityRank,
  type SessionLabels,
  type SystemFacts,
  type ToolFacts,
} from "@mandate/model";

/** One turn of a conversation, normalised from whichever surface it came. */
export interface Turn {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  /** For `tool` turns: the register's or the called name of the tool whose result this is; null when unknown. */
  readonly toolName: string | null;
  /** A system turn rendered from an approved prompt version. */
  readonly approved?: boolean;
  /** The client truncated or summarized what came before. */
  readonly summarized?: boolean;
  /**
   * True: an assistant turn that the gateway itself emitted in a session without untrusted content. False: a tool turn
   * that should have come through the gateway and did not.
   */
  readonly verified?: boolean;
}

/**
 * Labels of a session, recomputed from the history that chat callers resend (GUARDRAILS, "Information flow" 1, 2). They
 * only rise from turn to turn. Without any turn nobody knows what the session has seen: untrusted.
 */
export function labelsFromMessages(
  turns: readonly Turn[],
  system: SystemFacts,
  facts: FlowFacts,
): SessionLabels {
  const sources = indexSources(facts);
  let labels: SessionLabels = {
    maxSensitivity: "public",
    untrusted: turns.length === 0,
    residency: [],
    classes: [],
    purposes: null,
  };
  for (const turn of turns) labels = join(labels, labelsOfTurn(turn, system, sources));
  return labels;
}

export type FlowFacts = Pick<RegisterFacts, "tools" | "datasets"> & Partial<Pick<RegisterFacts, "externals">>;

interface Sources {
  readonly tools: ReadonlyMap<string, ToolFacts>;
  readonly datasets: ReadonlyMap<string, DatasetFacts>;
  /** `TYPE\nNAME` of each registered Entity. */
  readonly entities: ReadonlySet<string>;
}

/** One result that was let through as clean, for the record (GUARDRAILS, Information flow 6). */
export interface Declassified {
  readonly tool: string;
  readonly kind: "extraction";
}

/** Results of extracting tools among these turns that taint nothing, each tool once. */
export function declassifiedIn(turns: readonly Turn[], facts: FlowFacts): readonly Declassified[] {
  const sources = indexSources(facts);
  const tools = new Set<string>();
  for (const turn of turns) {
    if (turn.role !== "tool" || turn.toolName === null || turn.verified === false || turn.summarized === true) continue;
    const tool = sources.tools.get(turn.toolName);
    if (tool !== undefined && tool.output !== "trusted" && isExtracted(tool, turn.text, sources)) tools.add(tool.name);
  }
  return [...tools].map((tool) => ({ tool, kind: "extraction" }));
}

/** Exactly one value of the kind that was reviewed, bare or as a JSON string: there is no room in it for a sentence. */
function isExtracted({ extracts, effect }: ToolFacts, text: string, { entities }: Sources): boolean {
  // A tool that acts is not in quarantine, whatever it answers.
  if (extracts === undefined || effect !== "reads") return false;
  const bare = text.trim();
  const value = /^"[^"\\]*"$/.test(bare) ? bare.slice(1, -1) : bare;
  if ("enum" in extracts) return extracts.enum.includes(value);
  if ("number" in extracts) return /^-?\d{1,15}(?:\.\d{1,6})?$/.test(value);
  return entities.has(`${extracts.entity}\n${value}`);
}

const indexed = new WeakMap<object, Sources>();

function indexSources(facts: FlowFacts): Sources {
  let sources = indexed.get(facts);
  if (sources === undefined) {
    const tools = new Map<string, ToolFacts>();
    // a name that two tools answer to could stand for either: it is left out, so its results count as unknown
    const taken = new Set<string>();
    for (const tool of facts.tools) {
      for (const name of new Set([tool.name, ...tool.names, tool.name.replaceAll(/[./]/g, "_")])) {
        if (taken.has(name)) tools.delete(name);
        else tools.set(name, tool);
        taken.add(name);
      }
    }
    sources = {
      tools,
      datasets: new Map(facts.datasets.map((dataset) => [dataset.name, dataset])),
      entities: new Set((facts.externals ?? []).map((one) => `${one.type}\n${one.name}`)),
    };
    indexed.set(facts, sources);
  }
  return sources;
}

const nothing: SessionLabels = {
  maxSensitivity: "public",
  untrusted: false,
  residency: [],
  classes: [],
  purposes: null,
};

function labelsOfTurn(turn: Turn, system: SystemFacts, sources: Sources): SessionLabels {
  if (turn.summarized === true) return { ...nothing, untrusted: true };
  switch (turn.role) {
    case "system":
      // applications paste retrieved documents into system prompts: only an approved one is vouched for
      return { ...nothing, untrusted: turn.approved !== true };
    case "user":
      return { ...nothing, untrusted: system.session.userChannel !== "clean" };
    case "assistant":
      // a client can drop the tool result an answer was made from, and keep the answer. A turn that only calls tools
      // says nothing: what the tools answer is labelled by itself
      return { ...nothing, untrusted: turn.verified !== true && turn.text.trim() !== "" };
    case "tool": {
      const labels = labelsOfResult(turn, system, sources);
      return turn.verified === false ? { ...labels, untrusted: true } : labels;
    }
  }
}

function labelsOfResult({ toolName, text }: Turn, system: SystemFacts, sources: Sources): SessionLabels {
  const { tools, datasets } = sources;
  const tool = toolName === null ? undefined : tools.get(toolName);
  // what nobody described is untrusted and of the boundary's highest class (SPEC 3)
  if (tool === undefined) return { ...nothing, untrusted: true, maxSensitivity: system.boundary.sensitivity };
  const untrusted = tool.output !== "trusted" && !isExtracted(tool, text, sources);
  if (tool.returns === null) return { ...nothing, untrusted };
  const dataset = datasets.get(tool.returns.replace(/^dataset:/, ""));
  if (dataset === undefined) return { ...nothing, untrusted, maxSensitivity: system.boundary.sensitivity };
  return {
    untrusted,
    maxSensitivity: dataset.sensitivity,
    residency: dataset.region === null ? [] : [dataset.region],
    classes: dataset.classes,
    purposes: dataset.purposes.length === 0 ? null : dataset.purposes,
  };
}

/** The least labels above both: maximum, or, union, and intersection of purposes. */
export function join(a: SessionLabels, b: SessionLabels): SessionLabels {
  return {
    maxSensitivity: higher(a.maxSensitivity, b.maxSensitivity),
    untrusted: a.untrusted || b.untrusted,
    residency: union(a.residency, b.residency),
    classes: union(a.classes, b.classes),
    purposes: intersection(a.purposes, b.purposes),
  };
}

function higher(a: Sensitivity, b: Sensitivity): Sensitivity {
  return sensitivityRank(a) >= sensitivityRank(b) ? a : b;
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])];
}

function intersection(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b;
  return b === null ? a : a.filter((purpose) => b.includes(purpose));
}
