import { AppError } from "@mandate/model";
import { LedgerError, parseVerifierKey, signatureTypes } from "@mandate/ledger";
import { sql } from "kysely";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import type { Database } from "../database/index.ts";
import { listWitnesses, tlogPolicy, trustState } from "../evidence/index.ts";
import type { NewFinding } from "../findings/index.ts";
import { actorOf, administrators } from "../http/index.ts";
import type { App } from "../http/index.ts";

const witness = z.object({ name: z.string(), vkey: z.string(), url: z.string(), outside: z.boolean(), size: z.number(), signedAt: z.string().nullable(), failing: z.string().nullable() });
const state = z.object({ trust: z.string(), unanchored: z.number(), quorum: z.number(), anchoredAt: z.string().nullable(), items: z.array(witness) });
/** What a tlog-policy file can carry as a name. */
const witnessName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is letters, digits, dots, hyphens");
const reason = z.string().trim().min(1).max(1000);

export interface WitnessRouteDeps {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly contexts: Contexts;
  readonly ask: () => Promise<void>;
  readonly report: (finding: NewFinding) => Promise<void>;
}

/** Who outside vouches for the log. */
export function witnessRoutes(app: App, { db, org, now, contexts, ask, report }: WitnessRouteDeps): void {
  app.get("/api/v1/evidence/witnesses", { config: { access: "signed-in" }, schema: { operationId: "listWitnesses", response: { 200: state } } }, () =>
    db.read(org, async (tx) => {
      const { trust, unanchored, quorum, anchoredAt } = await trustState(tx, org);
      const items = (await listWitnesses(tx, org)).map((one) => ({ ...one, signedAt: one.signedAt?.toISOString() ?? null }));
      return { trust, unanchored, quorum, anchoredAt, items };
    }),
  );

  app.get("/api/v1/evidence/policy", { config: { access: "signed-in" }, schema: { operationId: "getTlogPolicy", summary: "Logs, witnesses and quorum as a C2SP tlog-policy", response: { 200: z.object({ policy: z.string() }) } } }, () => db.read(org, async (tx) => ({ policy: await tlogPolicy(tx, org) })));

  app.put(
    "/api/v1/evidence/witnesses/:name",
    {
      config: { access: administrators },
      schema: {
        operationId: "putWitness",
        params: z.object({ name: witnessName }),
        body: z.strictObject({ vkey: z.string().max(4096).refine(isCosigner, "is not a cosignature verifier key"), url: z.url({ protocol: /^https?$/ }).max(500), outside: z.boolean().default(true), reason }),
        response: { 200: z.object({ name: z.string() }) },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { vkey, url, outside } = request.body;
      const ctx = contexts.quiet(actorOf(request));
      await ctx.transact(async (tx, record) => {
        const { rows } = await sql<{ taken: boolean }>`select exists (select 1 from evidence_witness where org = ${org} and vkey = ${vkey} and name <> ${name}) as taken`.execute(tx);
        if (rows[0]!.taken) throw new AppError({ code: "witness.key_taken", status: 409, message: "Another witness has this key: one witness can't count twice." });
        // Another key is another witness: what the old one signed says nothing of where the new one stands.
        await sql`insert into evidence_witness (org, name, vkey, url, outside, added_by, added_at) values (${org}, ${name}, ${vkey}, ${url}, ${outside}, ${ctx.actor.id}, ${new Date(now())})
          on conflict (org, name) do update set vkey = excluded.vkey, url = excluded.url, outside = excluded.outside, failing = null,
            size = case when evidence_witness.vkey = excluded.vkey then evidence_witness.size else 0 end, signed_at = case when evidence_witness.vkey = excluded.vkey then evidence_witness.signed_at end`.execute(tx);
        record({ type: "setting", payload: { event: "witness.set", witness: name, vkey, url, outside, reason: request.body.reason } });
      });
      await ask();
      return { name };
    },
  );

  app.delete(
    "/api/v1/evidence/witnesses/:name",
    { config: { access: administrators }, schema: { operationId: "deleteWitness", params: z.object({ name: witnessName }), body: z.strictObject({ reason }), response: { 200: z.object({ name: z.string() }) } } },
    async (request) => {
      const { name } = request.params;
      const ctx = contexts.quiet(actorOf(request));
      const removed = await ctx.transact(async (tx, record) => {
        const { rows } = await sql<{ vkey: string; outside: boolean }>`delete from evidence_witness where org = ${org} and name = ${name} returning vkey, outside`.execute(tx);
        const row = rows[0];
        if (row === undefined) throw new AppError({ code: "witness.unknown", status: 404, message: `There is no witness ${name}.`, remedies: [{ text: "List them.", command: "npx mandate evidence witness list" }] });
        record({ type: "setting", payload: { event: "witness.removed", witness: name, vkey: row.vkey, reason: request.body.reason } });
        return row;
      });
      // Whoever rewrites history takes its witness away first, so that it is never done in silence.
      if (removed.outside) await report({ key: `witness-removed:${name}`, system: null, kind: "evidence.witness_removed", title: `The outside witness ${name} is no longer asked`, detail: `${ctx.actor.email ?? ctx.actor.id} removed it: ${request.body.reason}`, owner: null });
      return { name };
    },
  );
}

function isCosigner(line: string): boolean {
  try {
    return parseVerifierKey(line).type === signatureTypes.cosignature;
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}
