import { parseManifest } from "@mandate/model/manifest";
import type { ManifestObject } from "@mandate/model/manifest";
import { audiences, autonomies, sensitivities } from "@mandate/model";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { applyObjects, loadRegister } from "../registry/index.ts";
import type { RegisterPorts } from "../registry/index.ts";

export interface ImportedRow {
  /** 1 is the first row below the headings. */
  readonly row: number;
  readonly name: string;
  readonly status: "draft" | "exists" | "refused";
  readonly tier: string | null;
  readonly problems: readonly string[];
  /** Headings whose words had no place in the record, with what stood there. */
  readonly notMapped: readonly string[];
}

export interface ImportReport {
  readonly rows: readonly ImportedRow[];
  readonly columns: readonly { readonly heading: string; readonly field: string | null }[];
  readonly drafts: number;
}

type Cells = Readonly<Record<string, string>>;

const headings: Readonly<Record<string, readonly string[]>> = {
  title: ["title", "name", "system", "use case", "ai system", "application"],
  purpose: ["purpose", "description", "what it does", "summary"],
  business: ["business owner", "owner", "product owner", "business"],
  technical: ["technical owner", "tech owner", "engineer", "technical", "developer"],
  audience: ["audience", "users", "who sees it"],
  autonomy: ["autonomy"],
  sensitivity: ["sensitivity", "classification", "data class", "confidentiality"],
  classes: ["data classes", "classes", "personal data", "data categories"],
  regions: ["regions", "region", "location"],
  affected: ["affected", "affected people", "data subjects"],
  models: ["models", "model"],
  tools: ["tools", "tool"],
  datasets: ["datasets", "dataset"],
  unit: ["unit", "department", "team"],
  annex3: ["annex iii", "annex 3", "annex3"],
  prohibited: ["article 5", "prohibited"],
};

function fieldOf(heading: string): string | null {
  const plain = heading.toLowerCase().replaceAll(/[_\-\s]+/g, " ").replaceAll(/[^a-z0-9 ]/g, "").trim();
  return Object.entries(headings).find(([, names]) => names.includes(plain))?.[0] ?? null;
}

const listOf = (text: string): string[] => text.split(/[,;|\n]/).map((one) => one.trim()).filter((one) => one !== "");
const slug = (text: string): string => text.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 63).replace(/-+$/, "");

interface Draft {
  readonly row: number;
  readonly name: string;
  readonly object: ManifestObject | undefined;
  readonly problems: readonly string[];
  readonly notMapped: readonly string[];
}

function draftOf(cells: Cells, row: number, has: (kind: "Model" | "Tool" | "Dataset", name: string) => boolean): Draft {
  const notMapped: string[] = [];
  const value = (field: string): string => {
    const heading = Object.keys(cells).find((one) => fieldOf(one) === field && cells[one]!.trim() !== "");
    return heading === undefined ? "" : cells[heading]!.trim();
  };
  for (const [heading, text] of Object.entries(cells)) if (text.trim() !== "" && fieldOf(heading) === null) notMapped.push(`${heading}: ${text.slice(0, 200)}`);
  const word = (field: string, allowed: readonly string[]): string | undefined => {
    const text = value(field).toLowerCase();
    if (text === "") return undefined;
    if (allowed.includes(text)) return text;
    notMapped.push(`${field}: ${text.slice(0, 200)}`);
    return undefined;
  };
  const references = (field: string, kind: "Model" | "Tool" | "Dataset"): string[] =>
    listOf(value(field)).flatMap((name) => {
      if (has(kind, name)) return [`${kind.toLowerCase()}:${name}`];
      notMapped.push(`${field}: ${name.slice(0, 200)} isn't in the register`);
      return [];
    });
  const email = (field: string): string | undefined => {
    const text = value(field).toLowerCase();
    if (text === "" || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return text || undefined;
    notMapped.push(`${field}: ${text.slice(0, 200)} is no e-mail address`);
    return undefined;
  };
  const title = value("title");
  const name = slug(title);
  if (name === "") return { row, name: title.slice(0, 100), object: undefined, problems: ["It has no name."], notMapped };
  const purpose = value("purpose").slice(0, 500);
  const [sensitivity, regions] = [word("sensitivity", sensitivities), listOf(value("regions"))];
  const spec = {
    title,
    purposes: purpose === "" ? [] : [{ id: "imported", text: purpose }],
    owners: { business: email("business"), technical: email("technical") },
    audience: word("audience", audiences),
    autonomy: word("autonomy", autonomies),
    affected: listOf(value("affected")).map(slug).filter((one) => one !== ""),
    // INVARIANT: a cell can say yes to a use. "None of these" is said and signed by a person, never by a spreadsheet, so an
    // imported system is at least T2 until somebody answers.
    intake: { ...(value("annex3") === "" ? {} : { annex3: listOf(value("annex3")) }), ...(value("prohibited") === "" ? {} : { prohibited: listOf(value("prohibited")) }) },
    ...(sensitivity === undefined || regions.length === 0 ? {} : { boundary: { sensitivity, regions, classes: listOf(value("classes")).map(slug).filter((one) => one !== "") } }),
    uses: { models: references("models", "Model"), tools: references("tools", "Tool"), datasets: references("datasets", "Dataset") },
  };
  const metadata = { name, labels: { source: "import" }, ...(slug(value("unit")) === "" ? {} : { unit: slug(value("unit")) }) };
  const { objects, problems } = parseManifest(JSON.stringify({ apiVersion: "v1", kind: "AISystem", metadata, spec }), { file: `row ${row}` });
  return { row, name, object: problems.length === 0 ? objects[0] : undefined, problems: problems.map((one) => `${one.field}: ${one.message}`), notMapped };
}

/** Rows of a spreadsheet to proposed systems. Each row stands for itself: one that is refused leaves the others. */
export async function importRows(ctx: CommandContext<Tx>, ports: RegisterPorts, rows: readonly Cells[], options: { readonly dryRun: boolean; readonly reason: string | undefined }): Promise<ImportReport> {
  const register = await ctx.read((tx) => loadRegister(tx, ctx.org));
  const drafts = rows.map((cells, index) => draftOf(cells, index + 1, (kind, name) => register.get(kind, name) !== undefined));
  const seen = new Set<string>();
  const reports = new Map<number, ImportedRow>();
  const fresh: Draft[] = [];
  for (const draft of drafts) {
    const { row, name, problems, notMapped } = draft;
    const twice = seen.has(name);
    seen.add(name);
    if (draft.object === undefined) reports.set(row, { row, name, status: "refused", tier: null, problems, notMapped });
    else if (twice) reports.set(row, { row, name, status: "refused", tier: null, problems: ["An earlier row has this name."], notMapped });
    // An import never overwrites: a column that is missing would take something away.
    else if (register.get("AISystem", name) !== undefined) reports.set(row, { row, name, status: "exists", tier: null, problems: [], notMapped });
    else fresh.push(draft);
  }
  const changes = fresh.length === 0 ? [] : (await applyObjects(ctx, ports, fresh.map((draft) => draft.object!), { dryRun: options.dryRun, reason: options.reason ?? "imported", file: "import" })).changes;
  for (const { row, name, notMapped } of fresh) reports.set(row, { row, name, status: "draft", tier: changes.find((change) => change.kind === "AISystem" && change.name === name)?.tier?.is ?? null, problems: [], notMapped });
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].map((heading) => ({ heading, field: fieldOf(heading) }));
  return { rows: drafts.map((draft) => reports.get(draft.row)!), columns, drafts: fresh.length };
}
