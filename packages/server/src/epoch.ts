import { randomFillSync } from "node:crypto";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { Journal } from "@mandate/gateway";
import { openCheckpoint, noteVerifier, parseCheckpoint, parseNote, parseVerifierKey } from "@mandate/ledger";
import { AppError } from "@mandate/model";
import { CompiledQuery } from "kysely";
import { bearerHash } from "./bearer.ts";
import { readConfiguration } from "./configuration.ts";
import { createContexts, systemActor } from "./context/index.ts";
import { openDatabase } from "./database/index.ts";
import { openEvidence } from "./evidence/index.ts";
import type { Evidence } from "./evidence/index.ts";
import { reportFinding } from "./findings/index.ts";
import { answers } from "./recover.ts";
import { openMasterKey } from "./key-providers/index.ts";

export interface EpochOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `restored`: an older database was put back on purpose. `rotated`: the logs' keys are replaced. */
  readonly mode: "restored" | "rotated";
  readonly reason: string;
  /** API tokens of two people. */
  readonly tokens: readonly string[];
}

export interface NewEpoch {
  readonly closed: readonly string[];
  readonly metaOrigin: string;
  /** Entries that kept checkpoints say were written and the restored database lacks, by log. */
  readonly lost: Readonly<Record<string, number>>;
  readonly people: readonly string[];
}

/**
 * `mandate evidence epoch`: closes every log and begins new ones with new keys, from the data directory while the server is
 * stopped. INVARIANT: two people, by tokens of their own, and never silently: the closing says what is lost, the new control
 * log begins with who did it and why, and a finding is opened.
 * @throws AppError `start.running` (409), `evidence.epoch_people` (403)
 */
export async function beginNewEpoch(options: EpochOptions): Promise<NewEpoch> {
  const configuration = readConfiguration(options.env);
  const now = (): number => Date.now();
  const random = (bytes: Uint8Array): Uint8Array => randomFillSync(bytes);
  if (await answers(configuration.host === "0.0.0.0" || configuration.host === "::" ? "127.0.0.1" : configuration.host, configuration.port))
    throw new AppError({ code: "start.running", status: 409, message: `Something answers on port ${configuration.port}, so the server seems to run. Nothing was changed.`, remedies: [{ text: "Stop the server and run this again." }] });
  const masterKey = await openMasterKey(configuration.keys, configuration.dataDir);
  const db = await openDatabase(configuration.databaseUrl === null ? { dataDir: configuration.dataDir, onNotice: () => undefined } : { url: configuration.databaseUrl, onNotice: () => undefined });
  try {
    const [organization] = await db.organizations();
    if (organization === undefined) throw new AppError({ code: "start.nothing_to_recover", status: 404, message: `There is no organization in ${configuration.dataDir} yet.` });
    const { org, name } = organization;
    const people = await db.read(org, (tx) => twoPeople(async (text, values) => (await tx.executeQuery<Person>(CompiledQuery.raw(text, [...values]))).rows, org, options.tokens, new Date(now())));
    const checkpointsDir = join(configuration.dataDir, "checkpoints");
    const open = (dir?: string): Promise<Evidence> => openEvidence({ db, org, host: new URL(configuration.consoleUrl).hostname, organization: name, now, random, masterKey, ...(dir === undefined ? {} : { checkpointsDir: dir }) });
    // A restored database contradicts what was kept, which is the point; a rotation must find everything as it was.
    const old = await open(options.mode === "restored" ? undefined : checkpointsDir);
    await takeJournal(old, join(configuration.dataDir, "gateway"));
    const lost = options.mode === "restored" ? await lostEntries(old, checkpointsDir) : new Map<string, number>();
    const begun = await old.beginEpoch({ reason: options.mode, lost });
    const stamp = new Date(now()).toISOString().replaceAll(":", "");
    await setAside(checkpointsDir, join(configuration.dataDir, `checkpoints-before-${stamp}`));
    await setAside(join(configuration.dataDir, "gateway", "journal"), join(configuration.dataDir, "gateway", `journal-before-${stamp}`));
    const fresh = await open(checkpointsDir);
    const contexts = createContexts({ db, org, now, random, append: (tx, entries) => fresh.appendAllInTransaction(tx, entries), published: () => Promise.resolve(), recorded: () => undefined });
    const ctx = contexts.quiet(systemActor("epoch"));
    const payload = { event: "evidence.epoch", mode: options.mode, reason: options.reason.slice(0, 2_000), people: people.map((one) => one.id), closed: begun.closed, lost: Object.fromEntries(lost) };
    await ctx.transact(async (_tx, record) => record({ type: "setting", payload }));
    const sum = [...lost.values()].reduce((total, one) => total + one, 0);
    await reportFinding(ctx, { key: `epoch:${begun.metaOrigin}`, system: null, kind: "evidence.epoch", title: options.mode === "restored" ? "An older database was restored and a new epoch begun" : "The logs' keys were replaced", detail: `${people.map((one) => one.email).join(" and ")}: ${options.reason}. ${begun.closed.length} logs closed, ${sum} entries known to be lost. Witnesses need the new key of ${begun.metaOrigin}.`, owner: null });
    await fresh.publishCheckpoints();
    return { closed: begun.closed, metaOrigin: begun.metaOrigin, lost: Object.fromEntries(lost), people: people.map((one) => one.email) };
  } finally {
    await db.close();
  }
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly roles: readonly string[];
}

/**
 * Two who are here, each by a token of their own (one that somebody else made for them proves nobody); one of them must not run the machine.
 * @param run asks the database, row security satisfied
 * @throws AppError `evidence.epoch_people` (403)
 */
export async function twoPeople(run: (text: string, values: readonly unknown[]) => Promise<readonly Person[]>, org: string, tokens: readonly string[], now: Date): Promise<readonly Person[]> {
  const rows = await run(
    `select distinct p.id, p.email, array(select r.role from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is not null and r.scope = '') as roles
    from api_tokens t join people p on p.org = t.org and p.id = t.person_id
    where t.org = $1 and t.token_hash = any($2) and t.revoked_at is null and t.not_after > $3 and not t.minted and p.state <> 'deactivated'`,
    [org, tokens.map(bearerHash), now],
  );
  const approving = new Set(["governance-lead", "security-reviewer", "authorizing-official", "auditor"]);
  if (rows.length >= 2 && rows.some((one) => one.roles.some((role) => approving.has(role)))) return rows;
  throw new AppError({
    code: "evidence.epoch_people",
    status: 403,
    message: "A new epoch takes the tokens of two people, one of them a governance lead, security reviewer, authorizing official or auditor. Nothing was changed.",
    remedies: [{ text: "Each makes a token while the server runs, or used one made before; it is read from a file.", command: "npx mandate person token EMAIL" }],
  });
}

/** What the gateway of this machine still holds belongs to the log that closes. What can't be taken is part of what is lost. */
async function takeJournal(evidence: Evidence, directory: string): Promise<void> {
  const slot = (await readFile(join(directory, "slot"), "utf8").catch(() => "")).trim();
  const log = (await evidence.logs()).find((one) => one.writer === slot && !one.closed);
  if (log === undefined) return;
  const { origin } = await evidence.ensureLog(slot);
  let journal: Journal | undefined;
  try {
    journal = new Journal({ directory: join(directory, "journal"), signer: evidence.signerOf(origin) });
    await evidence.sequence(journal);
  } catch {
    // A restored database is older than what the journal was relieved of: the gap can't be closed, only counted.
  } finally {
    await journal?.close();
  }
}

/** By log: how many more entries a checkpoint kept in the data directory knows of. */
export async function lostEntries(evidence: Pick<Evidence, "logs">, directory: string): Promise<Map<string, number>> {
  const lost = new Map<string, number>();
  const logs = await evidence.logs();
  for (const file of await readdir(directory).catch(() => [])) {
    if (!file.endsWith(".checkpoint")) continue;
    const note = await readFile(join(directory, file), "utf8");
    const { origin } = parseCheckpoint(parseNote(note).text);
    const log = logs.find((one) => one.origin === origin);
    if (log === undefined) continue;
    const kept = openCheckpoint(note, [noteVerifier(parseVerifierKey(log.vkey))]);
    if (kept.size > log.size) lost.set(origin, kept.size - log.size);
  }
  return lost;
}

async function setAside(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await mkdir(from, { recursive: true, mode: 0o700 });
}
