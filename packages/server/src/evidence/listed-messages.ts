import { openSealed } from "@mandate/ledger/node";
import { parseHeader } from "@mandate/ledger";
import type { Tx } from "../database/index.ts";
import type { LogKeys, LogRow } from "./logs.ts";
import { metaWriter } from "./logs.ts";
import { messagesOf, parsedJson, PayloadReader } from "./open-payload.ts";
import { readLeaves } from "./read-log.ts";
import type { Problems } from "./rehash.ts";

/** Payloads opened at once. */
const openedAtOnce = 500;

interface Listing {
  readonly origin: string;
  readonly index: number;
  readonly ct: string;
  readonly pc: string;
}

/**
 * A chat's single messages stand in no header: what lists them is sealed. Where it still opens, each message listed must be
 * stored, with its key or without: erasure and retention take keys and leave what they sealed. So a message whose payload and
 * key were removed together is told as a removal; of a list whose own key was destroyed nothing can be told.
 */
export async function requireListed(tx: Tx, org: string, keys: LogKeys, logs: readonly LogRow[], problems: Problems): Promise<void> {
  const reader = new PayloadReader(tx, org, keys);
  let waiting: Listing[] = [];
  const look = async (): Promise<void> => {
    await lookUp(reader, waiting, problems);
    waiting = [];
  };
  for (const { origin, size, writer } of logs) {
    if (writer === metaWriter) continue;
    for await (const { index, leaf } of readLeaves(tx, org, origin, 0, size)) {
      const listing = listingOf(origin, index, leaf);
      if (listing !== undefined && waiting.push(listing) >= openedAtOnce) await look();
    }
  }
  await look();
}

function listingOf(origin: string, index: number, leaf: Uint8Array): Listing | undefined {
  try {
    const { type, ct, pc } = parseHeader(leaf);
    return (type === "call.intent" || type === "call.outcome" || type === "decision") && typeof ct === "string" && typeof pc === "string" ? { origin, index, ct, pc } : undefined;
  } catch {
    // A header that can't be read was told where it was hashed.
    return undefined;
  }
}

async function lookUp(reader: PayloadReader, listings: readonly Listing[], problems: Problems): Promise<void> {
  if (listings.length === 0) return;
  const names = listings.map((one) => one.ct);
  const [bytes, keys] = [await reader.bytesOf(names), await reader.keysOf(names)];
  const listed = new Map<string, Listing>();
  for (const one of listings) {
    const [sealed, opener] = [bytes.get(one.ct), keys.get(one.ct)];
    const plain = sealed === undefined || opener === undefined ? undefined : openSealed(sealed, opener, one.ct, one.pc);
    for (const { ct } of plain === undefined ? [] : messagesOf(parsedJson(plain))) if (/^[0-9a-f]{64}$/.test(ct) && !listed.has(ct)) listed.set(ct, one);
  }
  const stored = await reader.stored([...listed.keys()]);
  for (const [ct, { origin, index }] of listed)
    if (!stored.has(ct)) problems.add("payload.missing", `payloads/${ct}`, index, `entry ${index} of ${origin} lists a message that the store lacks; an erasure leaves what it sealed, so this is none`);
}
