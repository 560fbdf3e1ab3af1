import { probePrefix } from "@mandate/model";
import { probeModel, probeTool } from "./facts.ts";

/** One call that must be refused, and with what. */
export interface ProbeCase {
  readonly control: string;
  /** What was planted, in words. */
  readonly planted: string;
  /** Whose key it calls with. */
  readonly key: string;
  readonly path: "/v1/chat/completions" | "/access/v1/evaluation";
  readonly body: Readonly<Record<string, unknown>>;
  readonly refused: { readonly code: string; readonly rule?: string };
  /** It leaves no entry: that it can't be written is what is planted. */
  readonly unwritten?: true;
}

const chat = (content: string): Pick<ProbeCase, "path" | "body"> => ({ path: "/v1/chat/completions", body: { model: probeModel, messages: [{ role: "user", content }] } });
const ask = (system: string, action: string, resource: { type: string; id: string }, context: Readonly<Record<string, unknown>> = {}): Pick<ProbeCase, "path" | "body"> => ({
  path: "/access/v1/evaluation",
  body: { subject: { type: "system", id: `${probePrefix}${system}` }, action: { name: action }, resource, context },
});
/** Cut in two, so that a scanner of this repository doesn't take it for one. */
const secret = ["AKIA", "Q3EGMANDATEPROBE"].join("");
const plain = "A probe of Mandate's own controls. It must be refused.";

/** The same call with nothing wrong planted. It is refused as well, by the one rule that keeps every probe from a model (`facts.ts`). */
export const cleanTwin = { key: "open", ...chat(plain) } as const;

export const probeCases: readonly ProbeCase[] = [
  { control: "INV-02", planted: "a key that belongs to no system", key: "nowhere", ...chat(plain), refused: { code: "not_registered" } },
  { control: "INV-06", planted: "a retired system with a key that still lives", key: "retired", ...chat(plain), refused: { code: "system_retired" } },
  { control: "TIER-02", planted: "a system whose use Article 5 prohibits", key: "prohibited", ...chat(plain), refused: { code: "prohibited" } },
  { control: "GATE-01", planted: "a system in production that only a pilot was granted to", key: "unapproved", ...chat(plain), refused: { code: "not_authorized" } },
  { control: "GATE-02", planted: "a pilot past its end", key: "ended", ...chat(plain), refused: { code: "authorization_expired" } },
  { control: "RT-01", planted: "a model that was never granted", key: "open", ...ask("open", "model.call", { type: "model", id: `${probePrefix}other` }), refused: { code: "not_granted" } },
  { control: "RT-02", planted: "an export to a destination that was never granted", key: "open", ...ask("open", "data.export", { type: "destination", id: `${probePrefix}nowhere` }), refused: { code: "not_granted" } },
  { control: "RT-03", planted: "a forbidden tool", key: "open", ...ask("open", "tool.call", { type: "tool", id: `${probePrefix}forbidden` }), refused: { code: "unknown_tool" } },
  { control: "RT-04", planted: "a system whose rules no control plane confirms any more", key: "stale", ...chat(plain), refused: { code: "control_unavailable" } },
  { control: "RT-06", planted: "a tool whose definition isn't the one that was pinned", key: "open", ...ask("open", "tool.call", { type: "tool", id: probeTool }), refused: { code: "tool_changed" } },
  { control: "RT-08", planted: "a suspended system with a key that still lives", key: "suspended", ...chat(plain), refused: { code: "system_suspended" } },
  { control: "DATA-02", planted: "a bank account in a prompt of a system that may hold none", key: "open", ...chat("Pay it to DE89370400440532013000, please."), refused: { code: "data_boundary", rule: "classes-within-boundary" } },
  { control: "NHI-02", planted: "a revoked key", key: "revoked", ...chat(plain), refused: { code: "credential_revoked" } },
  { control: "NHI-03", planted: "a secret in a prompt", key: "open", ...chat(`Use ${secret} to sign in.`), refused: { code: "data_boundary", rule: "secrets-never-leave" } },
  { control: "NHI-04", planted: "an expired key", key: "expired", ...chat(plain), refused: { code: "credential_expired" } },
  { control: "NHI-06", planted: "one system's key in another system's name", key: "open", ...ask("ended", "model.call", { type: "model", id: probeModel }), refused: { code: "not_granted" } },
  { control: "NHI-08", planted: "a plain key of a T3 system in production", key: "keyless", ...chat(plain), refused: { code: "not_authorized" } },
  { control: "LOG-04", planted: "a call that can't be written down", key: "unlogged", ...chat(plain), refused: { code: "evidence_unavailable" }, unwritten: true },
];
