import { afterAll, beforeAll, expect, test } from "vitest";
import { careManifest, startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";

let server: CareServer;
const lake = { type: "destination", id: "lake-us" } as const;
const leaving = { class: "contact", region: "EEA" };
const day = 86_400_000;

beforeAll(async () => {
  server = await startCareServer(careManifest);
}, 60_000);
afterAll(() => server.close());

const ask = (who: string, more: Record<string, unknown> = {}) =>
  server.as(who, "POST", "/api/v1/legal-reviews", { system: "helper", target: "destination:lake-us", from: ["EEA"], basis: "Standard contractual clauses", reason: "Backups lie there.", ends: new Date(server.now() + 30 * day).toISOString(), ...more });
const answer = (who: string, approval: string, verb: string) => server.as(who, "POST", `/api/v1/approvals/${approval}/${verb}`, { reason: "Looked at the clauses." });
/** A system with an outward effect may have to be granted first. */
const granted = async () => {
  const { requests } = (await server.as("lead", "GET", "/api/v1/systems/helper")).body;
  for (const one of requests) {
    const grant = await server.as("owner", "POST", `/api/v1/authorizations/${one.id}/grant`, { reason: "A pilot." });
    if (grant.status !== 200) throw new Error(grant.text);
  }
};

test("a flow to another region waits for a legal reviewer, who is never the requester, and ends by the clock", async () => {
  await granted();
  expect(await server.decide("helper", lake, leaving)).toBe("legal_review");
  await server.as("lead", "GET", "/api/v1/decisions");
  expect((await server.as("legal", "GET", "/api/v1/legal-reviews/flows")).body.items).toMatchObject([{ system: "helper", target: "destination:lake-us" }]);
  const asked = await ask("legal");
  expect(asked.status, asked.text).toBe(201);
  expect(asked.body).toMatchObject({ state: "asked", region: "US" });
  expect((await answer("legal", asked.body.approval, "approve")).status).toBe(403);
  expect((await answer("owner", asked.body.approval, "approve")).status).toBe(403);
  expect(await server.decide("helper", lake, leaving)).toBe("legal_review");

  const again = (await ask("dev", { classes: ["contact"] })).body;
  expect((await answer("legal", again.approval, "approve")).status).toBe(200);
  expect((await server.as("legal", "GET", `/api/v1/legal-reviews/${again.id}`)).body).toMatchObject({ state: "allowed", reviewer: "legal@example.com", decidedReason: "Looked at the clauses." });
  expect((await server.as("legal", "GET", "/api/v1/legal-reviews/flows")).body.items).toEqual([]);
  expect(await server.decide("helper", lake, leaving)).toBe("allow");
  expect(await server.decide("other", lake, leaving)).not.toBe("allow");
  await server.later(29 * day);
  expect(await server.decide("helper", lake, leaving)).toBe("allow");
  await server.later(day);
  expect(await server.decide("helper", lake, leaving)).toBe("legal_review");
  expect((await server.as("legal", "GET", "/api/v1/legal-reviews?state=ended")).body.items).toHaveLength(1);
});

test("refused stays refused; an allowance taken back is over at the next call; a target that moves is another flow", async () => {
  const no = (await ask("dev")).body;
  expect((await answer("legal", no.approval, "refuse")).status).toBe(200);
  expect((await server.as("legal", "GET", `/api/v1/legal-reviews/${no.id}`)).body.state).toBe("refused");
  expect(await server.decide("helper", lake, leaving)).toBe("legal_review");
  const yes = (await ask("dev")).body;
  await answer("legal", yes.approval, "approve");
  expect(await server.decide("helper", lake, leaving)).toBe("allow");
  expect((await server.as("dev", "POST", `/api/v1/legal-reviews/${yes.id}/end`, { reason: "x" })).status).toBe(403);
  expect((await server.as("legal", "POST", `/api/v1/legal-reviews/${yes.id}/end`, { reason: "The clauses ended." })).body).toMatchObject({ state: "ended" });
  expect(await server.decide("helper", lake, leaving)).toBe("legal_review");
  expect((await ask("dev", { target: "destination:nowhere" })).body).toMatchObject({ code: "legal_reviews.target_unknown" });
  expect((await ask("dev", { ends: new Date(server.now() + 400 * day).toISOString() })).body).toMatchObject({ code: "legal_reviews.end" });
  expect((await ask("auditor")).status).toBe(403);
});
