import type { TrustState } from "./witnesses.ts";

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
  /** Newest checkpoint of the meta-log; root in base64. */
  readonly head?: { readonly size: number; readonly root: string };
  /** Absent: self-attested. */
  readonly trust?: Pick<TrustState, "trust" | "unanchored" | "entries" | "anchoredAt">;
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
| \`policies/\` | the guardrails as enforced, each custom policy in Cedar with its version, the schema |
| \`approvals/\` | each answered question: statement, its digest, signatures with the role held at that moment (passkeys' verify offline) |
| \`documentation/NAME/\` | of each system: outline of its technical file (Annex IV) with what is not recorded and who can say it, model card, bill of materials, where its data goes |
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
    trustLine(about.trust),
    `Payloads: ${about.payloads}, ${about.disclosed ? "with the keys that open them" : "sealed"}`,
  ];
}

/** Entries of the whole installation, not of the pack alone: what is unanchored there is unanchored here. */
export function trustLine(trust: PackAbout["trust"]): string {
  if (trust === undefined || trust.trust === "self-attested") return "Trust: self-attested, every entry unanchored; no outside witness signed";
  return `Trust: witnessed at ${trust.anchoredAt ?? "an unknown time"}; of the installation's ${trust.entries} entries ${trust.unanchored} are newer and unanchored`;
}
