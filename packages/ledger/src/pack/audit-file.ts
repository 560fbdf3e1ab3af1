import { sha256Hex } from "#crypto";
import { LedgerError } from "../errors.ts";
import { canonicalBytes } from "../json/canonical.ts";
import type { Json } from "../json/strict.ts";
import { parseStrictJson } from "../json/strict.ts";
import { populationDigest } from "../sample/draw-sample.ts";
import type { Population, PopulationLog, SampleMember, SampleScope } from "../sample/draw-sample.ts";

type Members = { readonly [name: string]: Json };

/** One sample of an audit, as its record claims it. */
export interface AuditDraw {
  readonly draw: number;
  readonly value: string;
  readonly size: number;
  readonly members: readonly SampleMember[];
}

/** `audits/ID.json`: the room's records, each a statement that an entry of the log commits to. */
export interface AuditFile {
  readonly id: string;
  readonly scope: SampleScope;
  /** Null until it was fixed. */
  readonly population: Population | null;
  readonly draws: readonly AuditDraw[];
  /** Of each record, in order; hex. */
  readonly digests: readonly string[];
}

export const auditSchema = "mandate.audit/1";
const maxBytes = 32 * 2 ** 20;

/**
 * Reads the records of an audit; each must be what its digest says, follow the one before it, and belong here.
 * @throws LedgerError `audit.digest`, `audit.chain`, `audit.malformed`
 */
export function readAuditFile(bytes: Uint8Array, id: string): AuditFile {
  const file = object(parseStrictJson(bytes, { maxBytes, integersOnly: false }));
  if (file["schema"] !== auditSchema || file["id"] !== id) throw malformed("file and audit name different things");
  const digests: string[] = [];
  let scope: SampleScope | undefined;
  let population: Population | null = null;
  const draws: AuditDraw[] = [];
  for (const [n, one] of list(file["records"]).entries()) {
    const { statement: given, digest } = object(one);
    const statement = object(given);
    if (sha256Hex(canonicalBytes(statement)) !== digest) throw new LedgerError("audit.digest", `record ${n} is not what its digest says`);
    const { audit, kind, previous } = statement;
    if (audit !== id || statement["n"] !== n || previous !== (digests.at(-1) ?? null))
      throw new LedgerError("audit.chain", `record ${n} doesn't follow the one before it`);
    digests.push(digest);
    const body = object(statement["body"]);
    if (n === 0) {
      if (kind !== "opened") throw malformed("an audit begins by being opened");
      scope = { systems: list(body["systems"]).map(text), since: textOrNull(body["since"]), until: textOrNull(body["until"]) };
    } else if (kind === "population") {
      if (population !== null) throw new LedgerError("audit.population", "the population was fixed twice");
      population = populationOf(body);
    } else if (kind === "sample") {
      if (population === null) throw new LedgerError("audit.sample", "a sample was drawn before the population was fixed");
      draws.push({ draw: whole(body["draw"]), value: text(body["value"]), size: whole(body["size"]), members: list(body["members"]).map(memberOf) });
    }
  }
  if (scope === undefined) throw malformed("no records");
  return { id, scope, population, draws, digests };
}

function populationOf(body: Members): Population {
  const checkpoint = object(body["checkpoint"]);
  const logs = list(body["logs"]).map((one): PopulationLog => {
    const log = object(one);
    return { origin: text(log["origin"]), size: whole(log["size"]), root: text(log["root"]), members: whole(log["members"]), digest: text(log["digest"]) };
  });
  const population = { checkpoint: { origin: text(checkpoint["origin"]), size: whole(checkpoint["size"]), root: text(checkpoint["root"]) }, logs, members: whole(body["members"]), digest: text(body["digest"]) };
  if (populationDigest(logs) !== population.digest || logs.reduce((sum, log) => sum + log.members, 0) !== population.members)
    throw new LedgerError("audit.population", "the population's digest and count are not its logs'");
  return population;
}

function memberOf(value: Json): SampleMember {
  const member = object(value);
  return { log: text(member["log"]), index: whole(member["index"]), decision: text(member["decision"]) };
}

const malformed = (what: string): LedgerError => new LedgerError("audit.malformed", what);

function object(value: Json | undefined): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("not an object");
  return value as Members;
}

function list(value: Json | undefined): readonly Json[] {
  if (!Array.isArray(value)) throw malformed("not a list");
  return value as readonly Json[];
}

function text(value: Json | undefined): string {
  if (typeof value !== "string") throw malformed("not a text");
  return value;
}

const textOrNull = (value: Json | undefined): string | null => (value === null ? null : text(value));

function whole(value: Json | undefined): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed("not a whole number");
  return value;
}
