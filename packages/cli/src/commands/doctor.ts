import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Call } from "../command.ts";
import { loginFile } from "../connection.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import { bytesInWords } from "../render/bytes.ts";
import { printRows } from "../render/format.ts";

interface Check {
  readonly check: string;
  readonly result: "ok" | "failed" | "can't tell";
  readonly found: string;
  readonly next: string | null;
}

/** Looks, changes nothing. Exit 1 when something failed; what could not be looked at says so and fails nothing. */
export async function doctor(call: Call): Promise<ExitCode> {
  const { url, token, from } = await call.connection();
  const checks: Check[] = [
    runtime(),
    await privateFile("data directory", resolve(call.terminal.cwd, call.terminal.env.MANDATE_DATA_DIR ?? ".mandate")),
    await privateFile("kept sign-in", loginFile(call.terminal)),
  ];
  const control = await ready(call, url);
  checks.push({ check: "control plane", ...control });
  const gateway = gatewayOf(call, url);
  checks.push({
    check: "gateway",
    ...(gateway === undefined
      ? unknown("its address is not known", "Set MANDATE_GATEWAY_PORT.")
      : await ready(call, gateway)),
  });
  checks.push(
    control.result === "ok"
      ? await signedIn(call, token, from)
      : { check: "sign-in", ...unknown("the control plane does not answer", "Mend that first.") },
  );
  if (checks.at(-1)?.result === "ok") checks.push(...(await upkeep(call)));
  await printRows(call.terminal, call.format, {
    rows: checks.map((check) => ({ ...check })),
    columns: ["check", "result", "found", "next"].map((title) => ({ title, value: (row) => row[title] })),
    nameOf: (row) => String(row.check),
    empty: "",
  });
  return checks.some((check) => check.result === "failed") ? exitCodes.failed : exitCodes.done;
}

type Finding = Omit<Check, "check">;
const good = (found: string): Finding => ({ result: "ok", found, next: null });
const bad = (found: string, next: string): Finding => ({ result: "failed", found, next });
const unknown = (found: string, next: string): Finding => ({ result: "can't tell", found, next });

function runtime(): Check {
  const major = Number(process.versions.node.split(".")[0]);
  return {
    check: "Node",
    ...(major === 24
      ? good(process.versions.node)
      : bad(process.versions.node, "Run it as `npx mandate`, which brings Node 24.")),
  };
}

/** Both hold what opens the register: nobody else on the machine may read them. */
async function privateFile(check: string, path: string): Promise<Check> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined)
    return { check, ...unknown(`${path} does not exist here`, "Nothing to do unless it should.") };
  const open = (info.mode & 0o077) !== 0 && process.platform !== "win32";
  return { check, ...(open ? bad(`${path} can be read by others`, `chmod go= ${path}`) : good(path)) };
}

async function ready(call: Call, url: string): Promise<Finding> {
  const send = call.terminal.fetch ?? fetch;
  try {
    const response = await send(`${url}/readyz`, { signal: AbortSignal.timeout(5_000), redirect: "error" });
    if (response.status === 200) return good(`${url} is ready`);
    return bad(`${url} answers ${response.status}`, "Read its log; /readyz names what is missing.");
  } catch {
    return bad(`${url} does not answer`, "Start it: mandate up. Or set MANDATE_URL.");
  }
}

function gatewayOf(call: Call, url: string): string | undefined {
  const address = new URL(url);
  const port =
    call.terminal.env.MANDATE_GATEWAY_PORT ?? (address.port === "" ? undefined : String(Number(address.port) + 1));
  if (port === undefined || !/^\d{1,5}$/.test(port)) return undefined;
  address.port = port;
  return address.origin;
}

async function signedIn(call: Call, token: string | undefined, from: string): Promise<Check> {
  if (token === undefined) return { check: "sign-in", ...bad("no token", "Run mandate login, or set MANDATE_TOKEN.") };
  try {
    const client = await call.client();
    await client.list("systems", { limit: 1 });
    return { check: "sign-in", ...good(`token from ${from} is accepted`) };
  } catch (error) {
    return {
      check: "sign-in",
      ...bad(error instanceof Error ? error.message : "refused", "Run mandate login with a new token."),
    };
  }
}

interface Upkeep {
  readonly now: string;
  readonly backup: { readonly at: string; readonly ageSeconds: number } | null;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number };
  readonly database: { readonly bytes: number };
  /** Absent in an answer of a release that had none. */
  readonly partitions?: readonly { readonly table: string; readonly months: number; readonly monthsAhead: number; readonly strays: number }[];
  readonly evidence: { readonly entries: number; readonly entriesPerDay: number; readonly bytesPerDay: number; readonly daysLeft: number | null };
}

const staleBackupSeconds = 7 * 86_400;
const tolerableClockMs = 30_000;

/** What the server itself says of its store, its clock and its proof. */
async function upkeep(call: Call): Promise<Check[]> {
  const client = await call.client();
  const ask = async <T>(path: string): Promise<T | undefined> => client.request<T>("GET", path).catch(() => undefined);
  const [store, integrity, witnesses, gateways] = await Promise.all([
    ask<Upkeep>("/api/v1/upkeep"),
    ask<{ checkedAt: string | null; ok: boolean | null; problems: readonly unknown[] }>("/api/v1/evidence/integrity"),
    ask<{ trust: string; unanchored: number }>("/api/v1/evidence/witnesses"),
    ask<{ items: readonly GatewaySeen[] }>("/api/v1/gateways"),
  ]);
  return [
    { check: "backup", ...backupOf(store) },
    { check: "room", ...roomOf(store) },
    { check: "months", ...monthsOf(store) },
    { check: "clock", ...clockOf(store) },
    { check: "evidence", ...evidenceOf(integrity) },
    { check: "witness", ...witnessOf(witnesses) },
    { check: "gateways", ...gatewaysOf(gateways?.items) },
  ];
}

function backupOf(store: Upkeep | undefined): Finding {
  if (store === undefined) return unknown("not answered", "Sign in as somebody who may read.");
  if (store.backup === null) return unknown("none was taken here with mandate backup", "mandate backup --to FOLDER, every day; or see that your own tool's copies can be restored.");
  const days = store.backup.ageSeconds / 86_400;
  const found = `the last one is of ${store.backup.at}`;
  return store.backup.ageSeconds > staleBackupSeconds ? bad(`${found}, ${Math.floor(days)} days ago`, "mandate backup --to FOLDER, then restore --verify.") : good(found);
}

function roomOf(store: Upkeep | undefined): Finding {
  if (store === undefined) return unknown("not answered", "Sign in as somebody who may read.");
  const { disk, database, evidence } = store;
  const found = `${bytesInWords(disk.freeBytes)} free; database ${bytesInWords(database.bytes)}, ${evidence.entriesPerDay} entries and ${bytesInWords(evidence.bytesPerDay)} a day${evidence.daysLeft === null ? "" : `, ${evidence.daysLeft > 3_650 ? "over ten years" : `${evidence.daysLeft} days`} left`}`;
  const short = disk.freeBytes < 1e9 || disk.freeBytes < disk.totalBytes / 50 || (evidence.daysLeft !== null && evidence.daysLeft < 30);
  return short ? bad(found, "Make room before calls are refused: evidence that can't be written stops them.") : good(found);
}

/** What grows stands in a table a month: one that is missing costs speed and clean-up, never an entry. */
function monthsOf(store: Upkeep | undefined): Finding {
  if (store?.partitions === undefined) return unknown("not answered", "Sign in as somebody who may read.");
  const late = store.partitions.filter((one) => one.monthsAhead < 1).map((one) => one.table);
  const astray = store.partitions.filter((one) => one.strays > 0).map((one) => `${one.strays} rows of ${one.table}`);
  const found = [...(late.length > 0 ? [`no table for the next month: ${late.join(", ")}`] : []), ...(astray.length > 0 ? [`outside of any month's table: ${astray.join(", ")}`] : [])].join("; ");
  if (found === "") return good(`tables for ${Math.min(...store.partitions.map((one) => one.monthsAhead))} months ahead`);
  return bad(found, "Nothing is lost. The server makes them at its start and hourly: see that it runs, that its login owns the tables, and what holds locks.");
}

function clockOf(store: Upkeep | undefined): Finding {
  if (store === undefined) return unknown("not answered", "Sign in as somebody who may read.");
  const offMs = Math.abs(Date.parse(store.now) - Date.now());
  return offMs > tolerableClockMs ? bad(`the server's clock and this one differ by ${Math.round(offMs / 1000)} s`, "Set both by NTP: ends are compared with the server's.") : good("the server's agrees with this one");
}

function evidenceOf(integrity: { checkedAt: string | null; ok: boolean | null; problems: readonly unknown[] } | undefined): Finding {
  if (integrity === undefined || integrity.checkedAt === null) return unknown("the store was not gone through since the start", "mandate evidence verify");
  return integrity.ok === false || integrity.problems.length > 0 ? bad(`${integrity.problems.length} problems at ${integrity.checkedAt}`, "Change nothing in the database; mandate evidence verify") : good(`whole at ${integrity.checkedAt}`);
}

function witnessOf(state: { trust: string; unanchored: number } | undefined): Finding {
  if (state === undefined) return unknown("not answered", "Sign in as somebody who may read.");
  if (state.trust === "self-attested") return unknown("self-attested: nobody outside signs", "mandate evidence witness set");
  return good(`${state.trust}; ${state.unanchored} entries unanchored`);
}

interface GatewaySeen {
  readonly name: string;
  readonly confirmed: boolean;
  readonly lastSeen: string | null;
}

/** One that was registered and never started enforces nothing, so nothing is behind. */
export function gatewaysOf(items: readonly GatewaySeen[] | undefined): Finding {
  if (items === undefined) return unknown("not answered", "Sign in as somebody who may read.");
  const started = items.filter((one) => one.lastSeen !== null);
  const behind = started.filter((one) => !one.confirmed).map((one) => one.name);
  if (behind.length > 0) return bad(`${behind.join(", ")} enforce an older register`, "mandate gateway list says since when.");
  const waiting = items.filter((one) => one.lastSeen === null).map((one) => one.name);
  const newest = `${started.length} enforce the newest register`;
  return waiting.length === 0 ? good(newest) : unknown(`${newest}; never started: ${waiting.join(", ")}`, "Start it with its token, or mandate gateway remove NAME.");
}
