import { utf8 } from "@mandate/ledger";

export interface PackFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface PackAbout {
  readonly created: string;
  readonly since: string | null;
  readonly until: string | null;
  readonly systems: readonly string[];
  readonly logs: readonly { readonly name: string; readonly vkey: string; readonly entries: number }[];
  readonly payloads: number;
  readonly disclosed: boolean;
}

/** Instructions for somebody who has never seen Mandate. */
export function readme(about: PackAbout): string {
  return `# Evidence pack

${facts(about)
  .map((line) => `- ${line}`)
  .join("\n")}

## Check it yourself

    mandate evidence verify THIS-FILE.zip

needs no server and no network. It compares every file with \`manifest.json\`, every entry with the tree, every tree with its
signed checkpoint, and every log with what the meta-log took of it. Give it what you kept from before, so that a shortened or
exchanged log shows:

    mandate evidence verify THIS-FILE.zip --pinned CHECKPOINT --trust VKEYS

Nothing here asks you to use our program: the formats are public (C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof;
RFC 6962 hashing; RFC 8785 JSON; in-toto and DSSE).

## What is what

| Path | Holds |
|---|---|
| \`logs/N/\` | one log: verifier key, checkpoint, tiles, entries, a proof for each entry |
| \`logs/meta/\` | the log that takes every other log's checkpoints |
| \`payloads/CT\` | nonce, ciphertext, tag of what an entry sealed; CT is its SHA-256 |
| \`disclosures.jsonl\` | keys and salts that open payloads, where disclosed |
| \`sections/\` | what an auditor asks for, gaps included |

## What it can't show

Without an outside witness the installation is self-attested: somebody who holds its keys could have written another history
from the start. Keep a checkpoint of your own. An event that was never logged is in no log.
`;
}

function facts(about: PackAbout): string[] {
  return [
    `Created ${about.created}`,
    `Period: ${about.since ?? "from the beginning"} to ${about.until ?? "the moment of creation"}`,
    `Systems: ${about.systems.length === 0 ? "all" : about.systems.join(", ")}`,
    ...about.logs.map((log) => `Log ${log.name}: ${log.entries} entries of ${log.vkey.split("+")[0]}`),
    `Payloads: ${about.payloads}, ${about.disclosed ? "with the keys that open them" : "sealed"}`,
  ];
}

/** One page with the same facts, in PDF 1.4 with a standard font: for people who open nothing else. */
export function summaryPdf(about: PackAbout): Uint8Array {
  const lines = [
    "Evidence pack",
    "",
    ...facts(about),
    "",
    "The proof is in the other files: see README.md.",
    "Without an outside witness this installation is self-attested.",
  ];
  const text = lines
    .map((line, at) => `${at === 0 ? "/F1 18 Tf" : "/F1 10 Tf"} (${escapeText(line)}) Tj 0 -16 Td`)
    .join("\n");
  const stream = `BT 56 780 Td 16 TL\n${text}\nET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    "<< /Title (Evidence pack) /Producer (Mandate) >>",
  ];
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, at) => {
    const offset = body.length;
    body += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = body.length;
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return utf8(body);
}

/** ASCII alone: every byte offset above is then a character offset. */
function escapeText(line: string): string {
  return line
    .slice(0, 100)
    .replace(/[^\x20-\x7e]/g, "?")
    .replace(/[\\()]/g, "\\$&");
}
