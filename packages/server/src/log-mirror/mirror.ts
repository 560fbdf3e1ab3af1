import { newTiles, tilePath } from "@mandate/ledger";
import type { Tile } from "@mandate/ledger";
import type { OutboundRule, UpstreamSecret } from "@mandate/gateway";
import { isSealedFor } from "@mandate/model";
import { sql } from "kysely";
import type { Database, Tx } from "../database/index.ts";
import { newestCheckpoint, readBundle, tileReader } from "../evidence/index.ts";
import type { Evidence } from "../evidence/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import { putObject } from "./put-object.ts";
import { readMirror } from "./settings.ts";
import type { MirrorSettings } from "./settings.ts";

export interface MirrorParts {
  readonly db: Database;
  readonly org: string;
  readonly evidence: Evidence;
  readonly now: () => number;
  readonly outbound: () => OutboundRule;
  readonly secrets: () => readonly UpstreamSecret[];
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], open: ReadonlySet<string>) => Promise<void>;
}

export interface Mirror {
  /** Brings every log's copy to its newest checkpoint. @returns objects written */
  run(): Promise<number>;
  readonly failing: () => string | null;
  readonly job: Job;
}

const everyMs = 60_000;
const kind = "evidence.mirror_failing";
/** Tiles read at once: a long log's first copy must not be held in memory. */
const tilesAtOnce = 64;

/**
 * Tiles, entry bundles and checkpoints in write-once storage elsewhere, laid out as C2SP tlog-tiles: whoever can read the
 * bucket can monitor the logs, and nobody here can take back what is there. Payloads stay: they have to be forgettable.
 */
export function createMirror(parts: MirrorParts): Mirror {
  const { db, org, evidence, now, report, settle } = parts;
  let failing: string | null = null;
  let running: Promise<number> | undefined;

  async function copyAll(): Promise<number> {
    const settings = await db.read(org, (tx) => readMirror(tx, org));
    if (settings === null) {
      failing = null;
      return 0;
    }
    let written = 0;
    await evidence.publishCheckpoints();
    // The meta-log last, as it lists them: what it covers is then there.
    for (const log of await evidence.logs()) written += await copyLog(settings, log.origin);
    if (failing !== null || written > 0) await settle([kind], new Set());
    failing = null;
    return written;
  }

  async function copyLog(settings: MirrorSettings, origin: string): Promise<number> {
    const { newest, done } = await db.read(org, async (tx) => ({ newest: await newestCheckpoint(tx, org, origin), done: await mirrored(tx, org, origin) }));
    if (newest === undefined || newest.size <= done) return 0;
    const secret = secretFor(settings, parts.secrets());
    const put = (name: string, body: Uint8Array, contentType: string): Promise<void> =>
      putObject({ settings, secret, name: `${origin}/${name}`, body, contentType, outbound: parts.outbound(), nowMs: now() });
    let written = 0;
    const tiles = newTiles(done, newest.size);
    for (let at = 0; at < tiles.length; at += tilesAtOnce) {
      const objects = await db.read(org, (tx) => readObjects(tx, origin, tiles.slice(at, at + tilesAtOnce)));
      for (const { name, body } of objects) {
        await put(name, body, "application/octet-stream");
        written++;
      }
    }
    // A checkpoint is promised only once everything below it is there.
    await put(`checkpoints/${newest.size}`, Buffer.from(newest.note), "text/plain; charset=utf-8");
    await put("checkpoint", Buffer.from(newest.note), "text/plain; charset=utf-8");
    await db.transaction(org, (tx) => sql`insert into evidence_mirror (org, origin, size, at) values (${org}, ${origin}, ${newest.size}, ${new Date(now())})
      on conflict (org, origin) do update set size = excluded.size, at = excluded.at where evidence_mirror.size < excluded.size`.execute(tx));
    return written + 2;
  }

  async function readObjects(tx: Tx, origin: string, tiles: readonly Tile[]): Promise<{ name: string; body: Uint8Array }[]> {
    const read = tileReader(tx, org, origin);
    const objects: { name: string; body: Uint8Array }[] = [];
    for (const tile of tiles) {
      objects.push({ name: tilePath(tile), body: await read(tile) });
      if (tile.level === 0) objects.push({ name: tilePath(tile).replace("tile/0/", "tile/entries/"), body: await readBundle(tx, org, origin, tile.index * 256, tile.width) });
    }
    return objects;
  }

  const run = (): Promise<number> => {
    running ??= copyAll()
      .catch(async (error: unknown) => {
        failing = (error instanceof Error ? error.message : String(error)).slice(0, 500);
        await report({ key: kind, system: null, kind, title: "Write-once copies of the logs aren't made", detail: `${failing}. The logs go on; what is not copied is protected by this installation alone.`, owner: null });
        return 0;
      })
      .finally(() => (running = undefined));
    return running;
  };
  return { run, failing: () => failing, job: { name: "log mirror", everyMs, run: async () => void (await run()) } };
}

async function mirrored(tx: Tx, org: string, origin: string): Promise<number> {
  const { rows } = await sql<{ size: string }>`select size from evidence_mirror where org = ${org} and origin = ${origin}`.execute(tx);
  return Number(rows[0]?.size ?? 0);
}

/** INVARIANT (G8): a secret goes only to the hosts it was sealed for. */
function secretFor({ secret: name, endpoint }: MirrorSettings, secrets: readonly UpstreamSecret[]): string {
  const found = secrets.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the secret ${name} isn't there`);
  const address = new URL(endpoint);
  if (isSealedFor(found.hosts, address)) return found.value;
  throw new Error(`the secret ${name} isn't sealed for ${address.host}`);
}
