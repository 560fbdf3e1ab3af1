import { toHex } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import type { VerifierKey } from "./note.ts";
import { parseVerifierKey, signatureTypes } from "./note.ts";

// C2SP tlog-policy.

/** What a verifier trusts: whose checkpoints, and which witnesses must have cosigned. */
export interface TrustPolicy {
  /** Empty: known from context. */
  readonly logs: readonly VerifierKey[];
  /** By the name the policy gives them. */
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  readonly groups: ReadonlyMap<string, { readonly threshold: number; readonly members: readonly string[] }>;
  /** A witness, a group, or `none`. */
  readonly quorum: string;
}

const maxPolicyBytes = 256 * 1024;
const maxNames = 256;

/**
 * Reads a trust file: a tlog-policy, or plain verifier keys one a line (Ed25519 keys are logs, cosignature keys are
 * witnesses of which any one suffices).
 * @throws LedgerError `policy.malformed`, naming the line
 */
export function parseTrust(text: string): TrustPolicy {
  if (text.length > maxPolicyBytes) throw new LedgerError("policy.malformed", "trust file is too long");
  const lines = text.split("\n").map((line, at) => ({ at: at + 1, words: line.split(/[ \t]+/).filter(Boolean), line }));
  const content = lines.filter(({ words }) => words.length > 0 && !words[0]!.startsWith("#"));
  if (content.length === 0) throw new LedgerError("policy.malformed", "trust file is empty");
  if (content.every(({ words }) => words.length === 1)) return trustOfKeys(content.map(({ words }) => words[0]!));
  return parsePolicy(content);
}

/** Verifier keys only: no quorum is asked unless one of them is a witness. */
export function trustOfKeys(keys: readonly string[]): TrustPolicy {
  const logs: VerifierKey[] = [];
  const witnesses = new Map<string, VerifierKey>();
  for (const line of keys) {
    const key = parseVerifierKey(line);
    if (key.type === signatureTypes.ed25519) logs.push(key);
    else witnesses.set(key.name, key);
  }
  if (witnesses.size === 0) return { logs, witnesses, groups: new Map(), quorum: "none" };
  const anyOne = { threshold: 1, members: [...witnesses.keys()] };
  return { logs, witnesses, groups: new Map([["any witness", anyOne]]), quorum: "any witness" };
}

function parsePolicy(content: readonly { at: number; words: string[]; line: string }[]): TrustPolicy {
  const logs: VerifierKey[] = [];
  const witnesses = new Map<string, VerifierKey>();
  const groups = new Map<string, { threshold: number; members: string[] }>();
  const publicKeys = new Set<string>();
  const grouped = new Set<string>();
  let quorum: string | undefined;
  const isDefined = (name: string) => witnesses.has(name) || groups.has(name);

  for (const { at, words, line } of content) {
    const bad = (why: string) => new LedgerError("policy.malformed", `line ${at}: ${why}`);
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) throw bad("control character");
    if (logs.length + witnesses.size + groups.size > maxNames) throw bad("too many definitions");
    const [keyword, ...rest] = words;
    const define = (name: string | undefined): string => {
      if (name === undefined || name === "none" || isDefined(name)) throw bad("name missing or already taken");
      return name;
    };
    const key = (vkey: string | undefined, type: number): VerifierKey => {
      const parsed = parseVerifierKey(vkey ?? "");
      const duplicate = `${type} ${toHex(parsed.publicKey)}`;
      if (parsed.type !== type || publicKeys.has(duplicate)) throw bad("key of the wrong type or listed twice");
      publicKeys.add(duplicate);
      return parsed;
    };
    if (keyword === "log" && rest.length >= 1 && rest.length <= 2) {
      logs.push(key(rest[0], signatureTypes.ed25519));
    } else if (keyword === "witness" && rest.length >= 2 && rest.length <= 3) {
      witnesses.set(define(rest[0]), key(rest[1], signatureTypes.cosignature));
    } else if (keyword === "group" && rest.length >= 3) {
      const name = define(rest[0]);
      const members = rest.slice(2);
      for (const member of members) {
        // A member counted in two groups would let one witness fill a quorum twice.
        if (!isDefined(member) || grouped.has(member)) throw bad(`member \`${member}\` is undefined or already used`);
        grouped.add(member);
      }
      const threshold = rest[1] === "all" ? members.length : rest[1] === "any" ? 1 : Number(rest[1]);
      if (!/^(all|any|[1-9][0-9]*)$/.test(rest[1]!) || threshold > members.length) throw bad("impossible threshold");
      groups.set(name, { threshold, members });
    } else if (keyword === "quorum" && rest.length === 1) {
      if (quorum !== undefined || (rest[0] !== "none" && !isDefined(rest[0]!)))
        throw bad("quorum undefined or repeated");
      quorum = rest[0]!;
    } else {
      throw bad("expected log, witness, group or quorum");
    }
  }
  if (quorum === undefined) throw new LedgerError("policy.malformed", "no quorum line");
  return { logs, witnesses, groups, quorum };
}

/** True when these witnesses (by policy name) reach the quorum. `quorum none` asks for nobody and is always met. */
export function meetsQuorum(policy: TrustPolicy, cosigned: ReadonlySet<string>): boolean {
  const isMet = (name: string): boolean => {
    const group = policy.groups.get(name);
    if (group === undefined) return cosigned.has(name);
    return group.members.filter(isMet).length >= group.threshold;
  };
  return policy.quorum === "none" || isMet(policy.quorum);
}
