import { request } from "node:http";
import type { ProbeCase } from "./cases.ts";

/** What one probe met. */
export interface ProbeOutcome {
  readonly control: string;
  readonly planted: string;
  readonly refused: boolean;
  /** What came back, in words. */
  readonly saw: string;
  /** Whether the same comparison fails on the answer to a call with nothing wrong planted: what never fails proves nothing. */
  readonly distinguishes: boolean;
  readonly decision: string | null;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
}

const timeoutMs = 10_000;
const maxAnswerBytes = 65_536;

/** What a call met, as far as a probe compares it. */
export interface Met {
  readonly code: string | null;
  readonly rule: string | null;
}

/** @throws Error when nothing answers */
export async function metBy(one: Pick<ProbeCase, "path" | "body">, listener: Listener, key: string): Promise<Met> {
  return refusalIn((await post(listener, one.path, key, JSON.stringify(one.body))).body);
}

const isThat = (met: Met, { refused }: ProbeCase): boolean => met.code === refused.code && (refused.rule === undefined || met.rule === refused.rule);

/**
 * Calls the gateway's own listener as any application would, and compares the refusal with the one it must be.
 * @param twin what the same key's system meets when nothing wrong is planted; null: that could not be asked
 */
export async function callAsProbe(one: ProbeCase, listener: Listener, key: string, twin: Met | null): Promise<ProbeOutcome> {
  const about = { control: one.control, planted: one.planted, distinguishes: twin !== null && !isThat(twin, one) };
  const wanted = one.refused.rule === undefined ? one.refused.code : `${one.refused.code} (${one.refused.rule})`;
  let answer: Answer;
  try {
    answer = await post(listener, one.path, key, JSON.stringify(one.body));
  } catch (error) {
    return { ...about, refused: false, saw: `no answer (${error instanceof Error ? error.message : String(error)})`, decision: null };
  }
  const { code, rule } = refusalIn(answer.body);
  const got = code === null ? `status ${answer.status}` : rule === null || one.refused.rule === undefined ? code : `${code} (${rule})`;
  const refused = isThat({ code, rule }, one);
  return { ...about, refused, saw: refused ? `refused: ${got}` : `${got} instead of ${wanted}`, decision: answer.decision };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly decision: string | null;
}

function post({ host, port }: Listener, path: string, key: string, body: string): Promise<Answer> {
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
        resolve({ status: reply.statusCode ?? 0, body: parsed, decision: typeof decision === "string" ? decision : null });
      });
    });
    call.once("timeout", () => call.destroy(new Error("no answer in time")));
    call.once("error", reject);
    call.end(body);
  });
}

/** The refusal of either shape: a model surface's `error`, or AuthZEN's `context`. An allow has no code. */
function refusalIn(body: unknown): Met {
  const of = member(body, "error") ?? member(body, "context") ?? body;
  const text = (name: string): string | null => {
    const value = member(of, name);
    return typeof value === "string" ? value : null;
  };
  return { code: text("code"), rule: text("rule") };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
