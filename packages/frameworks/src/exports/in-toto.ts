import { canonicalText } from "./canonical.ts";
import type { ExportFacts } from "./facts.ts";
import { manifestOf } from "./manifest.ts";

export const inTotoType = "application/vnd.in-toto+json";
export const predicateType = "https://mandate.dev/authorization/v1";

/** Signs bytes with the key of the meta-log. */
export interface StatementSigner {
  readonly name: string;
  /** Verifier key as signed notes have it: `name+hash+base64`. */
  readonly vkey: string;
  /** Raw Ed25519 signature. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** DSSE v1's pre-authentication encoding of an in-toto payload. */
export function preAuth(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${inTotoType.length} ${inTotoType} ${payload.length} `), payload]);
}

/** in-toto Statement v1 in a DSSE envelope: each system's version by digest, and which authorization is bound to it. */
export function inTotoStatement(facts: ExportFacts, signer: StatementSigner): string {
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: facts.systemFacts.map((system) => ({ name: `system:${system.name}`, digest: { sha256: system.versionDigest } })),
    predicateType,
    predicate: {
      ...manifestOf("in-toto", facts, { subjects: facts.systemFacts.length }),
      vkey: signer.vkey,
      systems: facts.systemFacts.map((system) => ({ name: system.name, tier: system.tier, lifecycle: system.lifecycle, status: system.status, versionDigest: system.versionDigest, authorization: system.authorization })),
      scope: facts.systems,
    },
  };
  const payload = Buffer.from(canonicalText(statement));
  return `${JSON.stringify({ payloadType: inTotoType, payload: payload.toString("base64"), signatures: [{ keyid: signer.name, sig: Buffer.from(signer.sign(preAuth(payload))).toString("base64") }] })}\n`;
}
