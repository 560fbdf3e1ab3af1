import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { isAbsolute } from "node:path";
import type { McpProcessFacts } from "@mandate/model";
import { UpstreamFailure } from "../../upstream/client.ts";

const killAfterMs = 2_000;
const newline = 0x0a;

export interface ProcessEvents {
  /** One line of its standard output. */
  line(text: string): void;
  exit(internal: string): void;
}

/**
 * One supervised process: no shell, no environment but its own, no user but its own where this runs as root, a process
 * group of its own so that what it started ends with it.
 */
export class ServerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #events: ProcessEvents;
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #over = false;
  readonly startedMs: number;
  readonly ended: Promise<void>;

  /** @throws UpstreamFailure (`refused`) */
  constructor(name: string, facts: McpProcessFacts, init: { maxLineBytes: number; nowMs: number }, events: ProcessEvents) {
    this.#events = events;
    this.#maxLineBytes = init.maxLineBytes;
    this.startedMs = init.nowMs;
    // Without a PATH of its own a bare name would be looked up in ours.
    if (!isAbsolute(facts.command)) throw new UpstreamFailure("refused", "The MCP server's command is not an absolute path.", "relative command");
    const root = process.getuid?.() === 0;
    const uid = uidOf(name);
    try {
      this.#child = spawn(facts.command, [...facts.args], {
        env: { ...facts.env },
        cwd: "/",
        stdio: ["pipe", "pipe", "pipe"],
        shell: false,
        detached: true,
        windowsHide: true,
        ...(root ? { uid, gid: uid } : {}),
      });
    } catch (error) {
      throw new UpstreamFailure("unreachable", "The MCP server could not be started.", error instanceof Error ? error.message : "spawn");
    }
    this.ended = new Promise((resolve) => {
      const end = (why: string): void => {
        resolve();
        if (this.#over) return;
        this.#over = true;
        // Children of its own outlive it otherwise.
        this.#signal("SIGKILL");
        events.exit(why);
      };
      this.#child.on("error", (error) => end(error.message));
      this.#child.on("exit", (code, signal) => end(`exit ${signal ?? code}`));
    });
    this.#child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    // What it says for people is other people's content: it is read, so that it can't block, and dropped.
    this.#child.stderr.resume();
    this.#child.stdin.on("error", () => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  write(line: string): void {
    if (!this.#over) this.#child.stdin.write(`${line}\n`);
  }

  pause(): void {
    this.#child.stdout.pause();
  }

  resume(): void {
    this.#child.stdout.resume();
  }

  /** Asks it to end, then ends it. */
  async kill(): Promise<void> {
    if (this.#over) return;
    this.#child.stdin.end();
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), killAfterMs);
    await this.ended;
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      const part = end < 0 ? chunk.subarray(start) : chunk.subarray(start, end);
      this.#bytes += part.length;
      if (this.#bytes > this.#maxLineBytes) {
        this.#parts = [];
        void this.kill();
        return;
      }
      if (part.length > 0) this.#parts.push(part);
      if (end < 0) return;
      const line = Buffer.concat(this.#parts).toString("utf8").trim();
      this.#parts = [];
      this.#bytes = 0;
      if (line !== "" && !this.#over) this.#events.line(line);
      start = end + 1;
    }
  }
}

/** One user id a server, far from those that people and services have. */
export function uidOf(name: string): number {
  return 2_000_000_000 + (createHash("sha256").update(name).digest().readUInt32BE(0) % 100_000_000);
}
