import type { ToolFacts } from "@mandate/model";
import type { Members } from "../surfaces/fields.ts";
import { type OfferedTool, offeredTools } from "./definitions.ts";
import type { McpContext } from "./context.ts";
import type { ServerView } from "./server-view.ts";

const maxPages = 20;
const maxReported = 10_000;

export type ListTools = (cursor: string | undefined) => Promise<Members>;

interface Looks {
  readonly running: Promise<ReadonlyMap<string, OfferedTool>>;
  /** One for everybody who asked while `running` was under way. */
  next?: Promise<ReadonlyMap<string, OfferedTool>>;
}

/**
 * What a server offers now against what was pinned. It is looked at before each call, so that a definition that changed
 * after its review is held before it is used, and the control plane hears of it.
 *
 * INVARIANT (G6): no call relies on a look that began before it. Calls that come during a look share the one after it.
 */
export class DriftWatch {
  readonly #looks = new Map<string, Looks>();
  readonly #reported = new Set<string>();

  /** @throws UpstreamFailure, or whatever `list` throws: what can't be looked at isn't called (G11) */
  async look(context: McpContext, view: ServerView, list: ListTools): Promise<ReadonlyMap<string, OfferedTool>> {
    const key = `${view.server.name}\n${context.session?.id ?? context.system.name}`;
    const looks = this.#looks.get(key);
    if (looks === undefined) return this.#begin(key, context, view, list);
    looks.next ??= looks.running.catch(() => undefined).then(() => this.#begin(key, context, view, list));
    return looks.next;
  }

  #begin(key: string, context: McpContext, view: ServerView, list: ListTools): Promise<ReadonlyMap<string, OfferedTool>> {
    const done = (): void => {
      if (this.#looks.get(key) === looks && looks.next === undefined) this.#looks.delete(key);
    };
    const running = all(list).then((tools) => {
      this.#compare(context, view, tools);
      return new Map(tools.map((tool) => [tool.tool, tool]));
    });
    const looks: Looks = { running };
    this.#looks.set(key, looks);
    running.then(done, done);
    return running;
  }

  #compare(context: McpContext, view: ServerView, tools: readonly OfferedTool[]): void {
    const { control } = context.runtime.options;
    const live = new Map(tools.map((tool) => [tool.tool, tool.hash]));
    let news = false;
    for (const [name, tool] of view.tools) {
      if (tool.pinned === null) continue;
      const hash = live.get(name) ?? "absent";
      const differs = hash !== tool.pinned;
      // Also when it is again as pinned: whoever recorded the drift must hear that it is over.
      if (differs !== tool.changed) news = true;
      if (!differs || !context.system.grants.tools.includes(tool.name)) continue;
      control.report(finding(context.system.name, view.server.name, tool, hash));
    }
    if (tools.some((tool) => !view.tools.has(tool.tool))) news = true;
    if (!news || control.offered === undefined) return;
    const key = `${view.server.name}\n${context.compiled.version}\n${tools.map((tool) => tool.hash).join()}`;
    if (this.#reported.has(key)) return;
    if (this.#reported.size > maxReported) this.#reported.clear();
    this.#reported.add(key);
    control.offered(view.server.name, tools);
  }
}

function finding(system: string, server: string, tool: ToolFacts, hash: string) {
  return {
    key: `tool-definition:${system}:${tool.name}:${hash}`,
    system,
    kind: "tool_definition",
    title: `${tool.name} is not what was reviewed`.slice(0, 300),
    detail: `${server} ${hash === "absent" ? "no longer offers it" : "offers another definition of it"}. Its calls are refused until the new one is reviewed and pinned.`,
    change: { trigger: "tool-definition" as const, subject: `tool:${tool.name}`, old: tool.pinned ?? "", new: hash },
  };
}

async function all(list: ListTools): Promise<readonly OfferedTool[]> {
  const tools: unknown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const result = await list(cursor);
    if (!Array.isArray(result.tools)) break;
    tools.push(...(result.tools as unknown[]));
    if (typeof result.nextCursor !== "string" || result.nextCursor === "") {
      const offered = offeredTools(tools);
      if (offered === undefined) break;
      return offered;
    }
    cursor = result.nextCursor;
  }
  throw new UnreadableOffer();
}

export class UnreadableOffer extends Error {
  constructor() {
    super("what the server offers is no list of tools that can be told apart");
    this.name = "UnreadableOffer";
  }
}
