import { hkdfSync } from "node:crypto";
import type { Snapshot } from "@mandate/gateway";
import type { CredentialFacts, RegisterFacts } from "@mandate/model";
import { readRegisterVersion } from "../context/index.ts";
import type { CredentialMirror } from "../credentials/index.ts";
import type { Database, Tx } from "../database/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { keepFacts } from "../facts/index.ts";
import type { ServerLog } from "../log.ts";
import { machineFacts } from "../machine-identity/index.ts";
import { openSecrets } from "../secrets/index.ts";
import { readMcpCommands, readOutboundAllow } from "../settings/index.ts";

export interface SnapshotSources {
  readonly db: Database;
  readonly org: string;
  readonly organizationName: string;
  readonly now: () => number;
  readonly masterKey: Uint8Array;
  readonly evidence: Evidence;
  readonly defaultAllow: readonly string[];
  readonly consoleUrl: string;
  readonly gatewayUrl: string;
  readonly log: ServerLog;
  /** Keys of probes: in no table, because nobody was ever given one. */
  readonly planted: readonly CredentialFacts[];
  /** Kept from one snapshot to the next, so that only what changed is read. */
  readonly credentials: CredentialMirror;
  readonly deriveFacts: (tx: Tx, nowMs: number) => Promise<RegisterFacts>;
}

/** Everything that is enforced, read in one repeatable-read transaction, so that its parts belong to one version. */
export async function buildSnapshot(sources: SnapshotSources): Promise<Snapshot> {
  const { db, org, now, masterKey, evidence, log } = sources;
  const parts = await db.read(
    org,
    async (tx) => {
      const version = await readRegisterVersion(tx, org);
      const facts = await sources.deriveFacts(tx, now());
      const credentials = await sources.credentials.read(tx, org);
      const { secrets, broken } = await openSecrets(tx, org, masterKey);
      const outboundAllow = (await readOutboundAllow(tx, org)) ?? sources.defaultAllow;
      const mcpCommands = await readMcpCommands(tx, org);
      const machines = await machineFacts(tx, org, { issuer: sources.consoleUrl, gatewayUrl: sources.gatewayUrl }, facts.systems.flatMap((system) => system.session.issuers));
      return { version, facts, machines, credentials, secrets, broken, outboundAllow, mcpCommands };
    },
    { isolation: "repeatable read" },
  );
  if (parts.broken.length > 0) log.error("secrets don't open with this master key; their models can't be called", { secrets: parts.broken });
  const sealingKeys = await evidence.sealingKeys([null, ...parts.facts.systems.map((system) => ({ system: system.name, retention: system.tier }))]);
  // Before anybody decides by them: a decision whose facts were lost could never be made again.
  const factsDigest = await keepFacts(db, org, parts.facts, parts.version, now());
  return {
    version: parts.version,
    organization: { id: org, name: sources.organizationName },
    facts: parts.facts,
    credentials: withPlanted(parts.credentials, sources.planted),
    secrets: parts.secrets,
    sealingKeys,
    sessionKey: Buffer.from(hkdfSync("sha256", masterKey, org, "mandate.session-token/1", 32)),
    subjectKey: await evidence.subjectKey(),
    factsDigest,
    outboundAllow: parts.outboundAllow,
    mcpCommands: parts.mcpCommands,
    consoleUrl: sources.consoleUrl,
    gatewayUrl: sources.gatewayUrl,
    ...parts.machines,
  };
}

const planted = new WeakMap<readonly CredentialFacts[], readonly CredentialFacts[]>();

/** The same list for the same keys: whoever works by list does none of it again. */
function withPlanted(credentials: readonly CredentialFacts[], probes: readonly CredentialFacts[]): readonly CredentialFacts[] {
  let all = planted.get(credentials);
  if (all === undefined) planted.set(credentials, (all = [...credentials, ...probes]));
  return all;
}
