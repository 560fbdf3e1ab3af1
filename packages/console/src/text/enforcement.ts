import { clock, count, relative } from "../format.ts";

const hourMs = 3_600_000;
/** A minute at the edges, because the hour is counted in whole ones. */
const window = (since: string): string => (Date.now() - Date.parse(since) >= hourMs - 120_000 ? "last hour" : `since ${clock(since).slice(0, 5)} UTC`);

/** `0.4 ms`, `3 ms`, `1.2 s`; beyond what is told apart it is said so. */
function took(ms: number): string {
  if (ms >= 10_000) return "over 10 s";
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
}

const kinds = { model: "Model calls", mcp: "MCP messages", decision: "Decisions" } as const;

export const enforcement = {
  title: "Gateways",
  confirmed: "confirmed",
  unconfirmed: (lastSeen: string | null) => (lastSeen === null ? "never heard" : `not confirmed, heard ${relative(lastSeen)}`),
  adds: (medianMs: number, p99Ms: number, since: string) => `Adds ${took(medianMs)} at the median, ${took(p99Ms)} at p99, ${window(since)}.`,
  kind: (kind: keyof typeof kinds, calls: number, medianMs: number, p99Ms: number) => `${kinds[kind]} (${count(calls)}): ${took(medianMs)}, ${took(p99Ms)}`,
  idle: (since: string) => `No call ${window(since) === "last hour" ? "in the last hour" : window(since)}, so what it adds can't be told.`,
  unknown: "What it adds to a call isn't known.",
} as const;
