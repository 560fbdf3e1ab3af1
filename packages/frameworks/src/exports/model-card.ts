import { canonicalText, sha256Hex } from "./canonical.ts";
import type { ExportFacts, FindingFacts, PartFacts, SystemFacts } from "./facts.ts";
import { manifestOf } from "./manifest.ts";

export const cardSections = ["What it is", "What it is for", "Who answers for it", "What it uses", "Data", "What was measured", "What is open", "Limits of this card"] as const;

/** Text of people inside Markdown: it must not become a heading, a link, a row or markup of its own. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().replaceAll(/[\\`*_{}[\]<>#|]/g, (character) => `\\${character}`);
}

/** Model card of one system: Markdown for people, its manifest in front as JSON (which is YAML) with a hash of itself and the text. */
export function modelCard(facts: ExportFacts, system: SystemFacts, findings: readonly FindingFacts[], controlCount: number): string {
  const open = findings.filter((one) => one.state === "open");
  const counts = { parts: system.parts.length, findings: open.length, measured: facts.measured.length };
  const body = sectionsOf(facts, system, open, controlCount).map(([title, lines]) => `## ${title}\n\n${lines.join("\n")}\n`).join("\n");
  const text = `# ${plain(system.title)}\n\n${body}`;
  const front = { ...manifestOf("model-card", facts, counts), system: system.name, versionDigest: system.versionDigest, contentSha256: "" };
  const contentSha256 = cardHash(front, text);
  return `---\n${JSON.stringify({ ...front, contentSha256 }, null, 1)}\n---\n${text}`;
}

/** @param front the manifest, whatever hash it states */
export function cardHash(front: object, text: string): string {
  return sha256Hex(`${canonicalText({ ...front, contentSha256: "" })}\n${text}`);
}

function sectionsOf(facts: ExportFacts, system: SystemFacts, open: readonly FindingFacts[], controlCount: number): readonly (readonly [(typeof cardSections)[number], readonly string[]])[] {
  const held = system.authorization;
  const count = (outcome: string): number => facts.measured.filter((one) => one.outcome === outcome).length;
  return [
    [cardSections[0], [
      `- System: ${plain(system.name)}, version ${system.version}, digest ${system.versionDigest}`,
      `- Tier ${system.tier}, ${system.lifecycle}, calls ${system.status === "refused" ? "are refused" : system.status === "restricted" ? "are restricted" : "are decided one by one"}`,
      `- Authorization: ${held === null ? "none" : `${held.type}, ${held.state.replaceAll("_", " ")}${held.ends === null ? "" : `, until ${held.ends}`}`}`,
      ...system.missing.map((one) => `- Missing: ${plain(one)}`),
      ...system.differences.map((one) => `- Differs from what was approved: ${plain(one)}`),
    ]],
    [cardSections[1], [
      ...(system.purposes.length === 0 ? ["- No purpose is on record."] : system.purposes.map((one) => `- ${plain(one.id)}: ${plain(one.text)}`)),
      ...system.prohibitedUses.map((one) => `- Not for: ${plain(one)}`),
      `- Audience: ${plain(system.audience)}. Autonomy: ${plain(system.autonomy)}. Affected: ${system.affected.length === 0 ? "nobody named" : system.affected.map(plain).join(", ")}.`,
    ]],
    [cardSections[2], [`- Business owner: ${plain(system.owners.business ?? "vacant")}`, `- Technical owner: ${plain(system.owners.technical ?? "vacant")}`]],
    [cardSections[3], system.parts.length === 0 ? ["Nothing is granted."] : ["| Kind | Name | Version | Facts | SHA-256 of its entry |", "|---|---|---|---|---|", ...system.parts.map(partRow)]],
    [cardSections[4], system.boundary === null ? ["- No data boundary is on record."] : [`- At most ${system.boundary.sensitivity}; classes ${system.boundary.classes.map(plain).join(", ") || "none"}; regions ${system.boundary.regions.map(plain).join(", ")}; training ${system.boundary.training}.`]],
    [cardSections[5], [
      `Of ${controlCount} controls: ${count("pass")} pass, ${count("fail")} fail, ${count("stale")} too old to say, ${count("not_applicable")} don't apply, ${controlCount - count("pass") - count("fail") - count("stale") - count("not_applicable")} unproven.`,
      ...facts.measured.filter((one) => one.outcome === "fail" || one.outcome === "stale").map((one) => `- ${one.control} ${one.outcome}: ${plain(one.reason)}`),
    ]],
    [cardSections[6], open.length === 0 ? ["No finding is open."] : open.map((one) => `- ${one.severity}: ${plain(one.title)} (due ${one.due})`)],
    [cardSections[7], ["It says what the register and the evidence log hold at the position above. It doesn't rate the model's quality, its training data or its fairness: nothing here measures them."]],
  ];
}

function partRow(part: PartFacts): string {
  const facts = Object.entries(part.facts).map(([name, value]) => `${plain(name)} ${plain(value)}`).join("; ");
  return `| ${part.kind} | ${plain(part.name)} | ${part.version} | ${facts || "-"} | ${part.sha256} |`;
}
