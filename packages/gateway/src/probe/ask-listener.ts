import { request } from "node:http";

/** One call that must be refused, with whose key it is made. */
export interface ProbeCall {
  readonly path: string;
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What such a call met, as far as anybody compares it. */
export interface ProbeMet {
  readonly status: number;
  /** Of the refusal; null: it was none. */
  readonly code: string | null;
  readonly rule: string | null;
  readonly decision: string | null;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** What whoever plants them makes keys of: no key of anybody's has this form. */
export const probeKeyPrefix = "mandate-probe-";
const paths: ReadonlySet<string> = new Set(["/v1/chat/completions", "/access/v1/evaluation"]);
const maxCalls = 64;
const timeoutMs = 10_000;
const maxAnswerBytes = 65_536;
const maxChars = 300;

/**
 * Calls a gateway's own listener as any application would, one after the other. INVARIANT: no more than that can be asked
 * of it: a probe's key, a path of theirs, and nobody learns more of an answer than its refusal.
 * @returns null in the place of a call that nothing answered, or that is none of a probe's
 */
export async function askListener(listener: Listener, calls: readonly ProbeCall[]): Promise<readonly (ProbeMet | null)[]> {
  const met: (ProbeMet | null)[] = [];
  for (const { path, key, body } of calls.slice(0, maxCalls)) {
    const isOurs = paths.has(path) && key.startsWith(probeKeyPrefix) && /^[\w-]{1,200}$/.test(key);
    met.push(isOurs ? await post(listener, path, key, JSON.stringify(body)).catch(() => null) : null);
  }
  return met;
}

/** Where a server of this process can be reached from here. */
export function listenerOf(address: string | { readonly address: string; readonly port: number } | null): Listener | null {
  if (address === null || typeof address === "string") return null;
  return { host: /^(?:::|0\.0\.0\.0)$/.test(address.address) ? "127.0.0.1" : address.address, port: address.port };
}

function post({ host, port }: Listener, path: string, key: string, body: string): Promise<ProbeMet> {
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path, method: "POST", agent: false, timeout: timeoutMs, headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(body) } }, (reply) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      reply.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes > maxAnswerBytes) reply.destroy(new Error("an answer larger than a refusal"));
        else parts.push(part);
      });
      reply.once("error", reject);
      reply.once("end", () => {
        let parsed: unknown = null;
        try {
          parsed = JSON.parse(Buffer.concat(parts).toString("utf8"));
        } catch {
          parsed = null;
        }
        const decision = reply.headers["x-mandate-decision"];
        resolve({ status: reply.statusCode ?? 0, ...refusalIn(parsed), decision: typeof decision === "string" ? decision.slice(0, maxChars) : null });
      });
    });
    call.once("timeout", () => call.destroy(new Error("no answer in time")));
    call.once("error", reject);
    call.end(body);
  });
}

/** The refusal of either shape: a model surface's `error`, or AuthZEN's `context`. An allow has no code. */
function refusalIn(body: unknown): Pick<ProbeMet, "code" | "rule"> {
  const of = member(body, "error") ?? member(body, "context") ?? body;
  const text = (name: string): string | null => {
    const value = member(of, name);
    return typeof value === "string" ? value.slice(0, maxChars) : null;
  };
  return { code: text("code"), rule: text("rule") };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
