import type { McpProcessFacts, McpServerFacts } from "@mandate/model";
import type { Compiled } from "../../compiled.ts";
import type { GatewayLimits, GatewayLog } from "../../options.ts";
import { UpstreamFailure } from "../../upstream/client.ts";
import type { McpLink } from "../link.ts";
import { StdioLink } from "./link.ts";
import { ServerProcess } from "./process.ts";

const maxProcesses = 64;
const firstWaitMs = 250;
const longestWaitMs = 30_000;
/** One that ran this long did not crash at its start. */
const settledMs = 60_000;

interface Supervised {
  readonly server: string;
  readonly line: string;
  readonly link: StdioLink;
}

/**
 * MCP servers that are processes of this gateway (SPEC 3). INVARIANT: only a command line that an administrator allowed
 * word for word is started; a register entry alone runs nothing on this machine.
 */
export class StdioServers {
  readonly #enabled: boolean;
  readonly #limits: GatewayLimits;
  readonly #log: GatewayLog;
  readonly #now: () => number;
  readonly #running = new Map<string, Supervised>();
  readonly #crashes = new Map<string, { count: number; untilMs: number }>();

  constructor(init: { enabled: boolean; limits: GatewayLimits; log: GatewayLog; now: () => number }) {
    this.#enabled = init.enabled;
    this.#limits = init.limits;
    this.#log = init.log;
    this.#now = init.now;
  }

  /** @throws UpstreamFailure (`refused`) */
  link(compiled: Compiled, server: McpServerFacts, session: string): McpLink {
    const facts = server.process!;
    this.#mayRun(compiled.snapshot.mcpCommands ?? [], facts);
    const key = `${session}\n${server.name}`;
    const line = commandLine(facts);
    const known = this.#running.get(key);
    if (known !== undefined && known.line === line) return known.link;
    if (known !== undefined) void known.link.running?.kill();
    const link: StdioLink = new StdioLink(() => this.#start(key, server.name, facts, link), this.#limits.maxJsonDepth);
    this.#running.set(key, { server: server.name, line, link });
    return link;
  }

  isRunning(server: string, session: string): boolean {
    return this.#running.get(`${session}\n${server}`)?.link.running !== undefined;
  }

  endSession(session: string): void {
    for (const [key, one] of this.#running) {
      if (!key.startsWith(`${session}\n`)) continue;
      this.#running.delete(key);
      void one.link.running?.kill();
    }
  }

  follow(compiled: Compiled): void {
    if (this.#running.size === 0) return;
    const allowed = compiled.snapshot.mcpCommands ?? [];
    const servers = new Map(compiled.snapshot.facts.mcpServers.map((server) => [server.name, server]));
    for (const [key, one] of this.#running) {
      const facts = servers.get(one.server)?.process;
      if (facts != null && commandLine(facts) === one.line && isAllowed(allowed, facts)) continue;
      this.#running.delete(key);
      void one.link.running?.kill();
    }
  }

  async close(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map((one) => one.link.running?.kill()));
  }

  #mayRun(allowed: readonly (readonly string[])[], facts: McpProcessFacts): void {
    if (!this.#enabled) throw new UpstreamFailure("refused", "This gateway starts no MCP servers as processes.", "stdio is off");
    if (!isAllowed(allowed, facts)) throw new UpstreamFailure("refused", "No administrator allowed this MCP server's command line.", "not on the allow list");
  }

  #start(key: string, server: string, facts: McpProcessFacts, link: StdioLink): ServerProcess {
    const now = this.#now();
    const crashed = this.#crashes.get(server);
    if (crashed !== undefined && now < crashed.untilMs) throw new UpstreamFailure("refused", "The MCP server's process ended again and again; it is started anew shortly.", "back-off");
    const count = [...this.#running.values()].filter((one) => one.link.running !== undefined).length;
    if (count >= maxProcesses) throw new UpstreamFailure("refused", "This gateway runs as many MCP servers as it may.", "processes");
    const process = new ServerProcess(server, facts, { maxLineBytes: this.#limits.maxMcpMessageBytes, nowMs: now }, {
      line: (text) => link.line(text),
      exit: (internal) => {
        const over = this.#now();
        const wanted = this.#running.get(key)?.link === link;
        link.exited(internal);
        if (!wanted) return;
        this.#log.warn("mcp.process_ended", { server, internal });
        const before = over - process.startedMs > settledMs ? 0 : (this.#crashes.get(server)?.count ?? 0);
        this.#crashes.set(server, { count: before + 1, untilMs: over + Math.min(longestWaitMs, firstWaitMs * 2 ** before) });
      },
    });
    return process;
  }
}

export function isAllowed(allowed: readonly (readonly string[])[], { command, args }: McpProcessFacts): boolean {
  const line = [command, ...args];
  return allowed.some((one) => one.length === line.length && one.every((word, index) => word === line[index]));
}

function commandLine({ command, args, env }: McpProcessFacts): string {
  return JSON.stringify([command, args, env]);
}
