import type { McpProcessFacts } from "@mandate/model";
import { defaultLimits } from "../../options.ts";
import { UpstreamFailure } from "../../upstream/client.ts";
import { type OfferedTool, offeredTools } from "../definitions.ts";
import { askServer, tellServer } from "../own-requests.ts";
import { sessionRevisions } from "../revision.ts";
import { StdioLink } from "./link.ts";
import { ServerProcess } from "./process.ts";
import { isAllowed } from "./servers.ts";

const maxPages = 20;

/**
 * What an MCP server that is a process offers, started for this one question and ended after it. Undefined where nobody
 * allowed its command line, or it answers something else.
 */
export async function askProcess(name: string, facts: McpProcessFacts, allowed: readonly (readonly string[])[], nowMs: number): Promise<readonly OfferedTool[] | undefined> {
  if (!isAllowed(allowed, facts)) return undefined;
  const { maxJsonDepth, maxMcpMessageBytes } = defaultLimits;
  let process: ServerProcess | undefined;
  const link: StdioLink = new StdioLink(() => {
    if (process !== undefined) throw new UpstreamFailure("cut", "The MCP server's process ended.", "asked once");
    process = new ServerProcess(name, facts, { maxLineBytes: maxMcpMessageBytes, nowMs }, { line: (text) => link.line(text), exit: (why) => link.exited(why) });
    return process;
  }, maxJsonDepth);
  try {
    await askServer(link, "initialize", { protocolVersion: sessionRevisions[0], capabilities: {}, clientInfo: { name: "mandate", version: "1" } }, {}, maxJsonDepth);
    await tellServer(link, { jsonrpc: "2.0", method: "notifications/initialized" }, {});
    const tools: unknown[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      const { result } = await askServer(link, "tools/list", cursor === undefined ? {} : { cursor }, {}, maxJsonDepth);
      if (!Array.isArray(result.tools)) return undefined;
      tools.push(...(result.tools as unknown[]));
      if (typeof result.nextCursor !== "string" || result.nextCursor === "") return offeredTools(tools);
      cursor = result.nextCursor;
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    await process?.kill();
  }
}
