import { hash } from "node:crypto";
import type { SessionLabels, SystemFacts, ToolFacts } from "@mandate/model";
import type { Turn } from "@mandate/policy";
import { Recent } from "../recent.ts";
import { joinLabels } from "../auth/session-token.ts";
import { isMembers, type Members } from "../surfaces/fields.ts";

const maxKept = 100_000;
const maxFormsOfOne = 64;
const minChars = 8;

/**
 * What MCP tools answered, by hash (GUARDRAILS, Information flow 5): when a result reappears in a model request, under
 * whatever role it was pasted, the labels of where it came from attach. Bounded; what was forgotten counts as unknown,
 * and unknown results are untrusted anyway.
 */
export class EmittedResults {
  readonly #labels = new Recent<SessionLabels>(maxKept);

  /** @returns hex hashes of the forms in which frameworks hand a result to a model */
  add(system: string, result: Members, labels: SessionLabels): readonly string[] {
    const forms = formsOf(result);
    const hashes: string[] = [];
    for (const form of forms) {
      const digest = hash("sha256", form, "hex");
      hashes.push(digest);
      const key = `${system}\n${digest}`;
      const known = this.#labels.get(key);
      this.#labels.set(key, known === undefined ? labels : joinLabels(known, labels));
    }
    return hashes;
  }

  /**
   * A trusted tool's result that is said to come from a server behind this gateway, and never came through it, is what
   * the caller made of it. Too short to carry an instruction, it stays unmarked: hashes of such texts aren't kept.
   */
  recognise(system: SystemFacts, turns: readonly Turn[], tools: ReadonlyMap<string, ToolFacts>): readonly Turn[] {
    return turns.map((turn) => {
      const tool = turn.role === "tool" && turn.toolName !== null ? tools.get(turn.toolName) : undefined;
      const text = turn.text.trim();
      if (tool === undefined || tool.server === null || tool.output !== "trusted" || text.length < minChars) return turn;
      return this.#labels.has(`${system.name}\n${hash("sha256", text, "hex")}`) ? turn : { ...turn, verified: false };
    });
  }

  /** Labels of every turn that repeats a known result; null: none does. */
  labelsIn(system: SystemFacts, turns: readonly Turn[]): SessionLabels | null {
    if (this.#labels.isEmpty) return null;
    let joined: SessionLabels | null = null;
    for (const turn of turns) {
      const text = turn.text.trim();
      if (text.length < minChars) continue;
      const labels = this.#labels.get(`${system.name}\n${hash("sha256", text, "hex")}`);
      if (labels !== undefined) joined = joined === null ? labels : joinLabels(joined, labels);
    }
    return joined;
  }
}

function formsOf(result: Members): Set<string> {
  const forms = new Set<string>();
  const add = (text: string | undefined): void => {
    const trimmed = text?.trim() ?? "";
    if (trimmed.length >= minChars && forms.size < maxFormsOfOne) forms.add(trimmed);
  };
  const content = Array.isArray(result.content) ? (result.content as unknown[]) : Array.isArray(result.contents) ? (result.contents as unknown[]) : [];
  const texts = content.flatMap((part) => {
    if (!isMembers(part)) return [];
    const inner = isMembers(part.resource) ? part.resource.text : undefined;
    return typeof part.text === "string" ? [part.text] : typeof inner === "string" ? [inner] : [];
  });
  add(texts.join("\n"));
  add(texts.join(""));
  add(texts.join("\n\n"));
  add(JSON.stringify(content));
  add(JSON.stringify(result));
  if (result.structuredContent !== undefined) add(JSON.stringify(result.structuredContent));
  for (const text of texts) add(text);
  return forms;
}
