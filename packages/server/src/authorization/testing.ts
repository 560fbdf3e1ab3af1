import { mkdtempSync, rmSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { Role } from "@mandate/model";
import type { DecisionPorts } from "../approvals/index.ts";
import type { Actor, CommandContext, MutationEvidence } from "../command.ts";
import { createContexts } from "../context/index.ts";
import { openDatabase } from "../database/index.ts";
import type { Tx } from "../database/index.ts";
import { exceptionDecided, withExceptions } from "../exceptions/index.ts";
import { loweringDecided, ownRulesApproved } from "../tiering/index.ts";
import { applyManifest } from "../registry/index.ts";
import type { ApplyResult, RegisterPorts } from "../registry/index.ts";
import { authorizationDecided, deriveFacts, pilotExtended, readSystemView, reconcile } from "./index.ts";

/** A register on a real PostgreSQL with a clock of its own, for slice tests. */
export async function openTestRegister() {
  const dataDir = mkdtempSync(join(tmpdir(), "mandate-register-"));
  const db = await openDatabase({ dataDir });
  const random = (bytes: Uint8Array) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  const clock = { now: Date.parse("2026-11-20T09:00:00Z") };
  const entries: MutationEvidence[] = [];
  const contexts = new Map<string, ReturnType<typeof createContexts>>();
  const ports: RegisterPorts = { reconcile, deriveFacts };
  /** A fresh organization, so that tests don't see each other. */
  const organization = async (): Promise<(actor: Actor) => CommandContext<Tx>> => {
    const id = newId("organization", clock.now, random);
    const { org } = await db.ensureOrganization({ id, name: id.slice(4, 24), now: new Date(clock.now) });
    const made = createContexts({ db, org, now: () => clock.now, random, append: async (_tx, made) => void entries.push(...made), published: async () => {}, recorded: () => {} });
    contexts.set(org, made);
    return (actor) => made.for(actor);
  };
  /** Everybody whom a manifest names has signed in once. */
  const arrive = (ctx: CommandContext<Tx>, text: string) =>
    db.transaction(ctx.org, async (tx) => {
      for (const [email] of text.matchAll(/[\w.]+@[\w.]+/g)) await sql`insert into people (org, id, email, name, state, created_at, activated_at) values (${ctx.org}, ${`per_${email}`}, ${email}, ${email}, 'active', ${new Date(clock.now)}, ${new Date(clock.now)}) on conflict do nothing`.execute(tx);
    });
  const apply = async (ctx: CommandContext<Tx>, text: string, options = {}): Promise<ApplyResult> => {
    await arrive(ctx, text);
    return applyManifest(ctx, ports, text, options);
  };
  return {
    db, clock, entries, ports, organization, apply,
    /** Answers by token alone: whoever tests passkeys brings a relying party. */
    decisions: (ctx: CommandContext<Tx>): DecisionPorts => ({ effects: { exception: exceptionDecided({ tierOf: async (tx, org, name, nowMs) => (await readSystemView(tx, org, name, nowMs))?.tier }), "tier.lower": loweringDecided(reconcile), "tier.rules": ownRulesApproved(reconcile), pilot: authorizationDecided, production: authorizationDecided, renew: pilotExtended }, relyingParty: null, quiet: () => ctx }),
    facts: (ctx: CommandContext<Tx>) => ctx.read(async (tx) => withExceptions(tx, clock.now, await deriveFacts(tx, clock.now))),
    close: async () => {
      await db.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const bootstrap: Actor = { kind: "bootstrap", id: "bootstrap", email: null, roles: ["administrator"], proof: "bootstrap" };

export function person(email: string, ...roles: Role[]): Actor {
  return { kind: "person", id: `per_${email.split("@")[0]}`, email, roles, proof: "token" };
}

export const concierge = readFileSync(new URL("../../../model/src/manifest/fixtures/support-concierge.yaml", import.meta.url), "utf8");

/** A T0 helper; each argument overrides a part. */
export function helper(parts: { readonly name?: string; readonly spec?: string; readonly model?: string; readonly intake?: string; readonly sensitivity?: string } = {}): string {
  return `
apiVersion: v1
kind: Model
metadata: { name: local }
spec: { host: self, protocol: openai, endpoint: "http://localhost:9/v1", region: EEA${parts.model ?? ""} }
---
apiVersion: v1
kind: Dataset
metadata: { name: handbook }
spec: { sensitivity: internal, region: EEA }
---
apiVersion: v1
kind: AISystem
metadata: { name: ${parts.name ?? "helper"} }
spec:
  title: Helper
  purposes: [{ id: help, text: Answers staff questions. }]
  owners: { business: ann@x.example, technical: ben@x.example }
  autonomy: suggests
  intake: ${parts.intake ?? "{ prohibited: [], annex3: [] }"}
  boundary: { sensitivity: ${parts.sensitivity ?? "internal"}, regions: [EEA] }
  uses: { models: [model:local] }
${parts.spec ?? ""}`;
}
