import type { Call } from "../command.ts";
import { bytesInWords } from "../render/bytes.ts";
import { printObject, table } from "../render/format.ts";

interface Growth {
  readonly database: { readonly bytes: number };
  readonly partitions: readonly { readonly table: string; readonly months: number; readonly monthsAhead: number; readonly strays: number }[];
  readonly evidence: {
    readonly entries: number;
    readonly kinds: readonly { readonly kind: string; readonly bytes: number; readonly bytesPerDay: number }[];
    readonly entriesPerDay: number;
    readonly bytesPerDay: number;
    readonly roomBytes: number | null;
    readonly daysLeft: number | null;
  };
}

/** What each kind is, as `docs/scale.md` counts it. */
const kindWords: Readonly<Record<string, string>> = {
  entries: "entries",
  tree: "tree, heads, counts",
  content: "sealed content",
  keys: "keys of content",
  search: "index for searches",
  register: "register and the rest",
};

export async function growth(call: Call): Promise<void> {
  const client = await call.client();
  const { database, partitions, evidence } = await client.request<Growth>("GET", "/api/v1/upkeep");
  if (call.format !== "table") return await printObject(call.terminal, call.format, { bytes: database.bytes, ...evidence, partitions }, "growth");
  const rows = evidence.kinds.map(({ kind, bytes, bytesPerDay }) => [kindWords[kind] ?? kind, bytesInWords(bytes), kind === "register" ? "" : bytesInWords(bytesPerDay)]);
  call.terminal.out(table(["what", "now", "a day"], [...rows, ["together", bytesInWords(database.bytes), bytesInWords(evidence.bytesPerDay)]]));
  call.say(`${evidence.entries} entries, ${evidence.entriesPerDay} a day over the last seven days. ${roomIn(evidence)}`);
}

function roomIn({ roomBytes, daysLeft }: Growth["evidence"]): string {
  if (roomBytes === null) return "Nobody here can say how much room its server has: set MANDATE_STORE_QUOTA_GB.";
  const room = `${bytesInWords(roomBytes)} of room`;
  if (daysLeft === null) return `${room}.`;
  return `${room}: ${daysLeft > 3_650 ? "more than ten years" : `${daysLeft} ${daysLeft === 1 ? "day" : "days"}`} at that pace.`;
}
