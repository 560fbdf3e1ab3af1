import { toBase64 } from "../encoding.ts";
import { LedgerError } from "../errors.ts";
import { isMember, MemberCount, SampleDraw, sampleSeed } from "../sample/draw-sample.ts";
import type { PopulationLog, SampleMember } from "../sample/draw-sample.ts";
import type { AuditDraw, AuditFile } from "./audit-file.ts";
import { readAuditFile } from "./audit-file.ts";
import type { PackComplete } from "./pack-complete.ts";
import type { PackEntry } from "./pack-entries.ts";
import { hexOf } from "./pack-entries.ts";
import type { PackFiles } from "./pack-files.ts";
import { messageOf } from "./pack-files.ts";
import type { PackLog } from "./pack-log.ts";
import { MetaView } from "./pack-meta.ts";
import type { Problems, VerifiedSample } from "./result.ts";

/** An auditor has a handful open; a pack of more is refused rather than gone through once for each. */
const maxAudits = 100;

interface Recount {
  readonly claimed: PopulationLog;
  readonly count: MemberCount;
  /** Entries below the population's size that the pack shows, members or not. */
  shown: number;
}

interface Room {
  readonly path: string;
  readonly file: AuditFile;
  readonly recounts: ReadonlyMap<string, Recount>;
  readonly draws: readonly { readonly claimed: AuditDraw; readonly draw: SampleDraw }[];
  /** Digests that entries of the log commit to. */
  readonly committed: Set<string>;
}

/** What a meta-log says, as far as the pack shows it. */
interface Witnessing {
  readonly view: MetaView;
  /** Its clock at each of its entries that is shown. */
  readonly ms: number[];
  shown: number;
}

/**
 * Checks `audits/ID.json` without any server: each record is in the log, none was left out, the population is what the
 * logs hold up to its checkpoint, and the auditor's value draws exactly the sample that was drawn.
 */
export class PackAudits {
  readonly #problems: Problems;
  readonly #rooms = new Map<string, Room>();
  /** A population can have been fixed under the meta-log of an earlier epoch. */
  readonly #meta = new Map<PackLog, Witnessing>();

  /** @param former meta-logs of earlier epochs */
  constructor(files: PackFiles, logs: readonly PackLog[], former: ReadonlySet<PackLog>, problems: Problems) {
    this.#problems = problems;
    for (const log of logs) if (log.dir === "logs/meta" || former.has(log)) this.#meta.set(log, { view: new MetaView(problems), ms: [], shown: 0 });
    for (const path of [...files.pathsBelow("audits/")].slice(0, maxAudits + 1)) {
      const id = /^audits\/([A-Za-z0-9_-]+)\.json$/.exec(path)?.[1];
      if (id === undefined) continue;
      if (this.#rooms.size === maxAudits) {
        problems.add("audit.malformed", `more than ${maxAudits} audits`, path);
        return;
      }
      const bytes = files.read(path);
      if (bytes === undefined) continue;
      try {
        this.#rooms.set(id, roomOf(path, readAuditFile(bytes, id)));
      } catch (error) {
        this.#report(path, error);
      }
    }
  }

  readonly addEntry = (entry: PackEntry): void => {
    const { log, index, header } = entry;
    if (this.#rooms.size === 0) return;
    const meta = this.#meta.get(entry.log);
    if (meta !== undefined) {
      meta.view.addEntry(entry);
      meta.ms[index] = Date.parse(String(header.at));
      meta.shown++;
    }
    if (header.type === "audit" && typeof header.audit === "string") {
      const digest = hexOf(header.commits);
      if (digest !== undefined) this.#rooms.get(header.audit)?.committed.add(digest);
    }
    for (const room of this.#rooms.values()) {
      const recount = room.recounts.get(log.checkpoint.origin);
      if (recount === undefined || index >= recount.claimed.size) continue;
      recount.shown++;
      if (!isMember(header, room.file.scope)) continue;
      const hash = log.tree.read(0, index);
      recount.count.add(hash);
      const member = { log: log.checkpoint.origin, index, decision: String(header.decision) };
      for (const { draw } of room.draws) draw.offer(hash, member);
    }
  };

  /** Systems that an audit looks at: whether all of their entries are shown is asked about them. */
  systems(): string[] {
    return [...this.#rooms.values()].flatMap((room) => room.file.scope.systems);
  }

  /** After all entries. Returns the samples that come out as they were drawn. */
  finish(logs: readonly PackLog[], complete: PackComplete): VerifiedSample[] {
    return [...this.#rooms.values()].flatMap((room) => {
      this.#checkRecords(room);
      if (room.file.population === null) return [];
      const isSame = this.#checkPopulation(room, logs);
      const { checkpoint } = room.file.population;
      const fixedAtMs = this.#metaOf(checkpoint.origin)?.[1].ms[checkpoint.size - 1] ?? Number.POSITIVE_INFINITY;
      const isComplete = logs.every((log) => {
        const one = room.recounts.get(log.checkpoint.origin);
        return one === undefined || one.shown === one.claimed.size || complete.isWhole(log, room.file.scope, one.claimed.size, fixedAtMs);
      });
      return room.draws.flatMap(({ claimed, draw }) => {
        if (!sameMembers(draw.drawn(), claimed.members)) {
          this.#problems.add("audit.sample", `the auditor's value draws another sample ${claimed.draw} than the one recorded`, room.path);
          return [];
        }
        if (!isSame) return [];
        return [{ audit: room.file.id, draw: claimed.draw, population: room.file.population!.members, members: claimed.members.length, complete: isComplete }];
      });
    });
  }

  #checkRecords({ path, file, committed }: Room): void {
    const own = new Set(file.digests);
    for (const [n, digest] of file.digests.entries())
      if (!committed.has(digest)) this.#problems.add("audit.unlogged", `no entry of the log commits to record ${n}`, path);
    for (const digest of committed) if (!own.has(digest)) this.#problems.add("audit.record_missing", "the log holds a record that the file leaves out", path);
  }

  #metaOf(origin: string): readonly [PackLog, Witnessing] | undefined {
    return [...this.#meta].find(([log]) => log.checkpoint.origin === origin);
  }

  #checkPopulation({ path, file, recounts }: Room, logs: readonly PackLog[]): boolean {
    const { checkpoint } = file.population!;
    const wrong: string[] = [];
    const [metaLog, meta] = this.#metaOf(checkpoint.origin) ?? [];
    if (metaLog === undefined || meta === undefined) wrong.push("its checkpoint is of no meta-log here");
    else if (!hasRoot(metaLog, checkpoint.size, checkpoint.root)) wrong.push("its checkpoint is not of this log");
    else if (meta.shown < checkpoint.size) wrong.push("its meta-log isn't shown whole");
    for (const log of logs) {
      const recount = recounts.get(log.checkpoint.origin);
      // What the meta-log had taken by then is in the population, all of it: none may be left out, none may be shorter.
      if (log.dir !== "logs/meta" && (recount?.claimed.size ?? 0) !== (meta?.view.coveredSize(log, checkpoint.size) ?? 0)) wrong.push(`\`${log.checkpoint.origin}\` stood at another size`);
      if (recount === undefined) continue;
      if (!hasRoot(log, recount.claimed.size, recount.claimed.root)) wrong.push(`\`${log.checkpoint.origin}\` had another root`);
      if (recount.count.members !== recount.claimed.members || recount.count.digest() !== recount.claimed.digest) wrong.push(`\`${log.checkpoint.origin}\` holds other members than were counted`);
    }
    for (const origin of recounts.keys()) if (!logs.some((log) => log.checkpoint.origin === origin)) wrong.push(`the pack lacks \`${origin}\``);
    for (const what of wrong) this.#problems.add("audit.population", `the population does not come out: ${what}`, path);
    return wrong.length === 0;
  }

  #report(path: string, error: unknown): void {
    const code = error instanceof LedgerError && /^(?:audit|sample)\./.test(error.code) ? error.code : "audit.malformed";
    this.#problems.add(code, messageOf(error), path);
  }
}

function roomOf(path: string, file: AuditFile): Room {
  const { population } = file;
  const recounts = new Map((population?.logs ?? []).map((claimed) => [claimed.origin, { claimed, count: new MemberCount(), shown: 0 }]));
  const draws = population === null ? [] : file.draws.map((claimed) => ({ claimed, draw: new SampleDraw(sampleSeed(population, claimed.value), claimed.size) }));
  return { path, file, recounts, draws, committed: new Set() };
}

function hasRoot(log: PackLog, size: number, root: string): boolean {
  return size <= log.tree.size && toBase64(log.tree.root(size)) === root;
}

function sameMembers(a: readonly SampleMember[], b: readonly SampleMember[]): boolean {
  return a.length === b.length && a.every((one, at) => one.log === b[at]!.log && one.index === b[at]!.index && one.decision === b[at]!.decision);
}
