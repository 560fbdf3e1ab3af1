import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { canonicalText, sha256Hex } from "../canonical.ts";
import type { EventFacts, ExportFacts, FindingFacts, MeasuredFacts } from "../facts.ts";
import { renderExport } from "../render.ts";
import type { ExportFormat } from "../formats.ts";
import type { StatementSigner } from "../in-toto.ts";

const root = Buffer.alloc(32, 7).toString("base64");
const digest = sha256Hex("version");

const measured = (control: string, over: Partial<MeasuredFacts> = {}): MeasuredFacts => ({
  id: `cres_${control}`, control, at: "2026-05-01T08:00:00.000Z", grade: "enforced", outcome: "pass", reason: "0 of 12 systems.", unit: "systems", population: 12, faults: 0, excepted: 0, exceptions: [],
  systems: { "refunds-desk": { population: 1, faults: 0, excepted: 0 } }, query: "select system from system_states where owner is null", window: { since: "2026-04-30T08:00:00.000Z", until: "2026-05-01T08:00:00.000Z" },
  position: [{ origin: "localhost/org/control/1", size: 90 }], proof: "planted: a system without an owner was found (2026-05-01T08:00:00.000Z)", ...over,
});

/** A small organization with one of everything: what passes, fails, is too old, is excepted and was never measured. */
export const sampleFacts: ExportFacts = {
  organization: { id: "org_sample", name: "Halden Retail" },
  exportedAt: "2026-05-01T09:00:00.000Z",
  exportedBy: "ada@halden.example",
  registerVersion: 41,
  position: [{ origin: "localhost/org/control/1", size: 100, root }, { origin: "localhost/org/gw-1/1", size: 40, root }],
  systems: ["refunds-desk"],
  systemFacts: [{
    id: "sys_1", name: "refunds-desk", title: "Refunds | desk", description: "Answers questions.", tier: "T2", lifecycle: "production", status: "operating", version: 3, versionDigest: digest,
    owners: { business: "marta@halden.example", technical: "tom@halden.example" }, purposes: [{ id: "support", text: "Answers billing questions." }], prohibitedUses: ["Marketing"], audience: "public", autonomy: "acts", affected: ["customers"],
    boundary: { sensitivity: "confidential", classes: ["personal"], regions: ["EEA"], training: "never" },
    authorization: { id: "aut_1", type: "production", state: "granted", starts: "2026-01-01T00:00:00.000Z", ends: "2026-12-31T00:00:00.000Z", versionDigest: digest }, missing: [], differences: [], unresolved: ["tool:hosted.search"],
    parts: [
      { kind: "agent", name: "triage", title: null, id: "obj_5", version: 1, sha256: digest, facts: {}, classes: [], owner: null, vendor: null },
      { kind: "dataset", name: "orders", title: null, id: "obj_2", version: 1, sha256: digest, facts: { sensitivity: "confidential" }, classes: ["personal"], owner: "dana@halden.example", vendor: null },
      { kind: "destination", name: "zendesk", title: null, id: "obj_6", version: 1, sha256: digest, facts: { reach: "external" }, classes: ["personal"], owner: null, vendor: "zendesk" },
      { kind: "model", name: "mistral", title: "Mistral", id: "obj_1", version: 2, sha256: digest, facts: { protocol: "openai", region: "EEA" }, classes: [], owner: null, vendor: "mistral" },
      { kind: "prompt", name: "concierge", title: null, id: "obj_4", version: 1, sha256: digest, facts: {}, classes: [], owner: "tom@halden.example", vendor: null },
      { kind: "tool", name: "refunds.issue", title: null, id: "obj_3", version: 4, sha256: digest, facts: { effect: "pays" }, classes: [], owner: null, vendor: null },
    ],
  }],
  measured: [
    measured("OWN-01"),
    measured("OWN-02", { outcome: "fail", reason: "2 of 12 systems.", faults: 2, exceptions: [{ subject: "refunds-desk", system: "refunds-desk", fault: "no technical owner", exception: null }], systems: { "refunds-desk": { population: 1, faults: 1, excepted: 0 } } }),
    measured("OWN-03", { outcome: "stale", at: "2026-04-20T08:00:00.000Z", window: { since: "2026-04-19T08:00:00.000Z", until: "2026-04-20T08:00:00.000Z" } }),
    measured("INV-01", { outcome: "fail", faults: 1, excepted: 1, exceptions: [{ subject: "lake", system: null, fault: "unregistered", exception: "exc_1" }], systems: {} }),
    measured("INV-02", { outcome: "not_applicable", population: 0, systems: {} }),
    measured("TIER-01", { outcome: "unproven", grade: "cant_tell", proof: null }),
  ],
};

const finding = (id: string, over: Partial<FindingFacts> = {}): FindingFacts => ({
  id, cause: "owner.vacant", causeTitle: "Systems without an owner", severity: "high", title: "Refunds desk has no technical owner", detail: "Tom left.", system: "refunds-desk", owner: "marta@halden.example", state: "open",
  openedAt: "2026-04-01T08:00:00.000Z", lastSeenAt: "2026-05-01T08:00:00.000Z", due: "2026-05-05T08:00:00.000Z", seen: 3, fix: "Name a successor.", stands: null, ...over,
});

export const sampleFindings: readonly FindingFacts[] = [
  finding("fnd_1"),
  finding("fnd_2", { cause: "review.due", causeTitle: "Outcome reviews are due", severity: "medium", title: "A review is due", system: null, state: "dismissed", stands: { by: "grace@halden.example", reason: "Next week", until: "2026-05-09T00:00:00.000Z" } }),
  finding("fnd_3", { severity: "low", state: "excepted", stands: { by: "grace@halden.example", reason: "Exception exc_2; instead: weekly look", until: "2026-06-01T00:00:00.000Z" } }),
];

const entry = (origin: string, index: number, type: string, more: Record<string, unknown> = {}, decision: EventFacts["decision"] = null): EventFacts => ({
  origin, index, decision, header: { v: 1, type, id: `ent_${origin.length}${index}`, at: `2026-05-01T08:00:${String(index % 60).padStart(2, "0")}.000Z`, shard: origin, seq: index, seen: 0, ...more },
});
const call = { code: null, rule: null, action: "model.call", resource: "mistral", surface: "openai-chat", inputTokens: 10, outputTokens: 4, durationMs: 20.5 };

export const sampleEvents: readonly EventFacts[] = [
  entry("localhost/org/control/1", 3, "register.change", { system: "refunds-desk", register: 3 }),
  entry("localhost/org/control/1", 4, "evidence.read"),
  entry("localhost/org/control/1", 5, "finding", { system: "refunds-desk" }),
  entry("localhost/org/control/1", 6, "incident"),
  entry("localhost/org/gw-1/1", 0, "call.intent", { system: "refunds-desk", decision: "dec_1", outcome: "allow", policy: "p1", register: 3 }, { ...call, inputTokens: null, outputTokens: null, durationMs: null }),
  entry("localhost/org/gw-1/1", 1, "call.outcome", { system: "refunds-desk", decision: "dec_1", outcome: "allow", terminal: "done" }, call),
  entry("localhost/org/gw-1/1", 2, "decision", { system: "refunds-desk", decision: "dec_2", outcome: "deny", policy: "p1" }, { ...call, code: "not_granted", rule: "grants", action: "tool.call", resource: "refunds.issue" }),
  entry("localhost/org/gw-1/1", 3, "decision", { decision: "dec_3", outcome: "hold" }, { ...call, action: "", resource: "", surface: "" }),
];

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const rawKey = createPublicKey(publicKey.export({ format: "pem", type: "spki" })).export({ format: "der", type: "spki" }).subarray(-32);

/** A key made for this process. */
export const sampleSigner: StatementSigner = { name: "localhost/org/meta/1", vkey: `localhost/org/meta/1+00000000+${Buffer.concat([Buffer.from([1]), rawKey]).toString("base64")}`, sign: (message) => sign(null, message, privateKey) };

async function* batchesOf<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += 3) yield items.slice(at, at + 3);
}

export async function exportSample(format: ExportFormat, facts: ExportFacts = sampleFacts): Promise<string> {
  let text = "";
  const rules = [{ id: "owner.vacant", title: "Systems without an owner", severity: "high" as const, fix: "Name a successor." }, { id: "review.due", title: "Outcome reviews are due", severity: "medium" as const, fix: "Review." }];
  for await (const part of renderExport(format, {
    facts,
    findings: async () => sampleFindings,
    findingBatches: async () => ({ rules, counts: { open: 1, dismissed: 1, excepted: 1 }, findings: batchesOf(sampleFindings) }),
    events: () => batchesOf(sampleEvents),
    signer: sampleSigner,
  })) text += part;
  return text;
}

/** An export whose hash was made again after an edit: who alters a file alters that too. */
export function sealAgain(format: ExportFormat, document: unknown): string {
  const doc = document as { [name: string]: never };
  if (format.startsWith("oscal-")) {
    const props = (Object.values(doc)[0] as unknown as { metadata: { props: { name: string; value: string }[] } }).metadata.props;
    const prop = props.find((one) => one.name === "content-sha256")!;
    prop.value = "-";
    prop.value = sha256Hex(canonicalText(doc));
  }
  if (format === "cyclonedx") {
    const prop = (doc as unknown as { metadata: { properties: { name: string; value: string }[] } }).metadata.properties.find((one) => one.name === "mandate:content-sha256")!;
    prop.value = "";
    prop.value = sha256Hex(canonicalText(doc));
  }
  if (format === "sarif") {
    const run = (doc as unknown as { runs: { results: unknown[]; properties: { contentSha256: string } }[] }).runs[0]!;
    const bare = { ...doc, runs: [{ ...run, results: [], properties: { ...run.properties, contentSha256: "" } }] };
    run.properties.contentSha256 = sha256Hex(run.results.map((one) => `${canonicalText(one)}\n`).join("") + canonicalText(bare));
  }
  return JSON.stringify(doc);
}
