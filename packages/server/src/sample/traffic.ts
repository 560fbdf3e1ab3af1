import { setTimeout as delay } from "node:timers/promises";
import { refundTool } from "./commands.ts";
import type { Json } from "./control.ts";

export interface TrafficOptions {
  readonly gatewayUrl: string;
  /** Gateway key of each sample system that calls. */
  readonly keys: ReadonlyMap<string, string>;
  /** Calls made at once at the start, so that lists are not empty. Default 36. */
  readonly history?: number;
  /** Pause between calls afterwards, milliseconds. Default 4,000. */
  readonly everyMs?: number;
}

export interface Traffic {
  /** Calls made so far. */
  readonly calls: () => number;
  /** Ends at once: calls under way are aborted and recorded as such by the gateway. */
  stop(): Promise<void>;
}

interface Call {
  readonly system: string;
  readonly path: string;
  readonly body: Json;
  readonly anthropic?: boolean;
}

const chat = (system: string, model: string, content: string, more: Json = {}): Call => ({
  system,
  path: "/v1/chat/completions",
  body: { model, messages: [{ role: "user", content }], ...more },
});
const claude = (system: string, content: string, more: Json = {}): Call => ({
  system,
  path: "/v1/messages",
  anthropic: true,
  body: { model: "claude-sonnet-4-5", max_tokens: 300, messages: [{ role: "user", content }], ...more },
});

/**
 * One day of Halden Retail in a row of calls, repeated. Mostly allowed; two refused for their system's state, one for a
 * model never granted, one refund in the row is above the limit. Everything goes through the real gateway.
 */
const day: readonly Call[] = [
  chat("product-copy", "gpt-4.1-mini", "Describe the spring coat for the shop.", { stream: true }),
  chat("returns-desk", "mistral-large-2", "When will the parcel of order A1042 arrive?"),
  claude("code-review", "Review this function for mistakes.", { stream: true }),
  chat("meeting-notes", "mistral-large-2", "Summarize the minutes of the logistics meeting."),
  chat("demand-forecast", "mistral-large-2", "What should we reorder for the coast stores? Stock is low."),
  chat("returns-desk", "mistral-large-2", "Please refund EUR 24.90 for order A2210.", { tools: [refundTool] }),
  claude("dispute-triage", "Is dispute D118 suspicious?"),
  chat("campaign-ideas", "gpt-4.1", "Suggest a theme for rain boots.", { stream: true }),
  {
    system: "product-copy",
    path: "/v1/embeddings",
    body: { model: "text-embedding-3-small", input: ["wool coat", "rain boots"] },
  },
  chat("price-watch", "gpt-4.1-mini", "Summarize this week's public price lists."),
  claude("code-review", "Review the diff of the retry loop."),
  chat("product-copy", "gpt-4.1", "Describe the rain boots in Norwegian."),
  chat("demand-forecast", "mistral-large-2", "Explain last week's demand.", { stream: true }),
  chat("supplier-mail", "mistral-large-2", "Draft a reminder about invoice 2026-118."),
  claude("returns-desk", "How can order A1042 be returned?", { stream: true }),
  chat("meeting-notes", "mistral-large-2", "List the actions of the weekly meeting."),
];

const refund: Call = chat("returns-desk", "mistral-large-2", "Please refund EUR 146.20 for order A2214.", {
  tools: [refundTool],
});
/** Holds pile up in somebody's inbox, so only every so many rounds one more is asked for. */
const roundsPerHold = 8;

const over = /"code":"(?:system_retired|not_registered)"/;

/** Starts gentle traffic: a short history, then one call every few seconds until stopped. Never raises. */
export function startTraffic(options: TrafficOptions): Traffic {
  const stopping = new AbortController();
  const keys = new Map(options.keys);
  let count = 0;
  const make = async (call: Call): Promise<void> => {
    const key = keys.get(call.system);
    if (key === undefined) return;
    count += 1;
    const response = await fetch(`${options.gatewayUrl}${call.path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        ...(call.anthropic === true ? { "anthropic-version": "2023-06-01" } : {}),
      },
      body: JSON.stringify(call.body),
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(30_000)]),
    }).catch(ignore);
    const text = (await response?.text().catch(ignore)) ?? "";
    // What was revoked, retired or removed is over: removing the sample ends its traffic with it.
    if (response?.status === 401 || over.test(text.slice(0, 2_000))) keys.delete(call.system);
  };
  const run = async (): Promise<void> => {
    const history = options.history ?? 36;
    for (let at = 0; at < history && !stopping.signal.aborted; at += 1) await make(day[at % day.length]!);
    await make(refund);
    for (let at = 0; keys.size > 0; at += 1) {
      await delay(options.everyMs ?? 4_000, undefined, { signal: stopping.signal });
      await make(at % (day.length * roundsPerHold) === day.length * roundsPerHold - 1 ? refund : day[at % day.length]!);
    }
  };
  const running = run().catch(ignore);
  return {
    calls: () => count,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** A refusal or a gateway that is stopping is part of the picture, not a failure of the sample. */
function ignore(): undefined {
  return undefined;
}
