import type { AISystemSpec } from "@mandate/model";
import type { CaseChange } from "./store.ts";

/** One member, old against new, and the answer of the authorization that it touches. */
export interface MemberDiff {
  /** `regions`, `terms.version`; empty where the whole value changed. */
  readonly member: string;
  readonly old: string | null;
  readonly new: string | null;
  /** Field of the system's approved record, in manifest words. */
  readonly answer: string | null;
  readonly answered: string | null;
  /** True: the new value is against what was answered, not only different. */
  readonly contradicts: boolean;
}

type Members = Readonly<Record<string, unknown>>;
const maxMembers = 100;
const maxTextLength = 2000;

/** Pure. Members that differ; what is the same is left out. */
export function diffOf(change: CaseChange, approved: AISystemSpec | null): MemberDiff[] {
  const [kind] = change.subject.split(":", 1);
  const [was, is] = [flatten(change.old), flatten(change.new)];
  const members = [...new Set([...was.keys(), ...is.keys()])].filter((member) => was.get(member) !== is.get(member)).toSorted();
  return members.slice(0, maxMembers).map((member) => {
    const top = member.split(".", 1)[0] ?? "";
    const found = approved === null ? null : answerFor(kind === change.subject ? "" : (kind ?? ""), top, change, approved);
    return { member, old: was.get(member) ?? null, new: is.get(member) ?? null, answer: found?.answer ?? null, answered: found?.answered ?? null, contradicts: found?.contradicts ?? false };
  });
}

interface Answered {
  readonly answer: string;
  readonly answered: string;
  readonly contradicts: boolean;
}

function answerFor(kind: string, member: string, change: CaseChange, approved: AISystemSpec): Answered | null {
  const { boundary } = approved;
  const next = (change.new ?? {}) as Members;
  const said = (answer: string, value: unknown, contradicts: boolean): Answered => ({ answer, answered: text(value), contradicts });
  if (kind === "") return said(change.subject, valueAt(approved, change.subject), true);
  if (member === "region" || member === "regions") {
    const regions = [next[member] ?? []].flat().map(String);
    return said("boundary.regions", boundary?.regions ?? [], regions.some((region) => boundary?.regions.includes(region) !== true));
  }
  if (member === "training") return said("boundary.training", boundary?.training ?? "never", boundary?.training !== "allowed" && next[member] !== "never");
  if (member === "retention") return said("boundary.retention", boundary?.retention ?? null, longer(next[member], boundary?.retention));
  if (member === "sensitivity" || member === "maxSensitivity") return said("boundary.sensitivity", boundary?.sensitivity ?? "public", change.class === "C");
  if (member === "classes") return said("boundary.classes", boundary?.classes ?? [], [next[member] ?? []].flat().map(String).some((name) => boundary?.classes.includes(name) !== true));
  if (member === "subprocessors" || (kind === "destination" && member === "kind")) return said("boundary.share", boundary?.share ?? [], true);
  const uses = approved.uses as Readonly<Record<string, unknown>>;
  const granted = { model: "models", tool: "tools", dataset: "datasets", prompt: "prompts", destination: "destinations", agent: "agents" }[kind];
  if (granted !== undefined) return said(`uses.${granted}`, uses[granted], true);
  return kind === "vendor" ? said("uses.models", uses["models"], change.class === "C") : null;
}

const unitDays: Readonly<Record<string, number>> = { s: 1 / 86_400, m: 1 / 1440, h: 1 / 24, d: 1, w: 7, y: 365 };

/** Keeps longer than what was answered for prompts or outputs. */
function longer(now: unknown, answered: unknown): boolean {
  const days = (value: unknown): number => {
    const match = /^(\d+)([smhdwy])$/.exec(String(value));
    return match === null ? Number.POSITIVE_INFINITY : Number(match[1]) * unitDays[match[2]!]!;
  };
  const limits = typeof answered === "object" && answered !== null ? Object.values(answered) : [answered ?? "0d"];
  return now !== undefined && limits.some((limit) => days(now) > days(limit));
}

function valueAt(spec: AISystemSpec, path: string): unknown {
  return path.split(".").reduce<unknown>((value, part) => (value as Members | undefined)?.[part], spec);
}

/** Leaves by path; a list is one leaf, because its order and length mean something together. */
function flatten(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (value === null || value === undefined) return into;
  if (typeof value !== "object" || Array.isArray(value)) return into.set(path, text(value));
  for (const [name, inner] of Object.entries(value)) if (into.size < 500) flatten(inner, path === "" ? name : `${path}.${name}`, into);
  return into;
}

function text(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.length === 0 ? "none" : value.join(", ").slice(0, maxTextLength);
  return (typeof value === "string" ? value : (JSON.stringify(value) ?? "not said")).slice(0, maxTextLength);
}
