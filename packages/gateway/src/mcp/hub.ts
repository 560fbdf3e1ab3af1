import type { McpServerFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { GatewayLimits } from "../options.ts";
import type { UpstreamClient } from "../upstream/client.ts";
import { DriftWatch } from "./drift.ts";
import { EmittedResults } from "./emitted-results.ts";
import { httpLink } from "./http-link.ts";
import type { McpLink } from "./link.ts";
import { McpSessions } from "./sessions.ts";
import type { StdioServers } from "./stdio/servers.ts";

/** What the MCP gateway keeps between requests. Made once a gateway; everything in it is bounded. */
export class McpHub {
  readonly sessions: McpSessions;
  readonly emitted = new EmittedResults();
  readonly drift = new DriftWatch();
  readonly #upstream: UpstreamClient;
  readonly #limits: GatewayLimits;
  readonly #stdio: StdioServers;

  constructor(init: { upstream: UpstreamClient; limits: GatewayLimits; stdio: StdioServers; random: (bytes: Uint8Array) => Uint8Array; now: () => number }) {
    this.#upstream = init.upstream;
    this.#limits = init.limits;
    this.#stdio = init.stdio;
    this.sessions = new McpSessions({ random: init.random, now: init.now, closed: (session) => this.#stdio.endSession(session.id) });
  }

  /** @param session key that a supervised process belongs to */
  link(compiled: Compiled, server: McpServerFacts, session: string): McpLink {
    return server.process == null ? httpLink(this.#upstream, this.#limits, compiled, server) : this.#stdio.link(compiled, server, session);
  }

  isAlive(server: McpServerFacts, session: string): boolean {
    return server.process == null || this.#stdio.isRunning(server.name, session);
  }

  /** Ends what a register change took away: processes of servers that are gone, moved or no longer allowed. */
  follow(compiled: Compiled): void {
    this.#stdio.follow(compiled);
  }

  /** Long-lived streams would hold a shutdown up; their clients come back. */
  endStreams(): void {
    this.sessions.closeAll();
  }

  async close(): Promise<void> {
    this.sessions.closeAll();
    await this.#stdio.close();
  }
}
