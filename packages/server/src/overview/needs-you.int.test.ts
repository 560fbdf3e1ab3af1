import { afterAll, beforeAll, expect, it } from "vitest";
import { careManifest, startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";

let mandate: CareServer;
const day = 86_400_000;
interface Need {
  readonly kind: string;
  readonly title: string;
  readonly href: string;
  readonly yours: boolean;
}
const needs = async (who: string, all = false): Promise<readonly Need[]> => (await mandate.as(who, "GET", `/api/v1/needs${all ? "?all=true" : ""}`)).body.items;
const kinds = async (who: string) => [...new Set((await needs(who)).map((one) => one.kind))].toSorted();

beforeAll(async () => void (mandate = await startCareServer(careManifest)), 60_000);
afterAll(() => mandate?.close());

it("a question stands with who may answer it, not with who asked, who may not, or a service account", async () => {
  const review = { system: "helper", target: "destination:lake-us", from: ["EEA"], basis: "SCC", reason: "The lake is in the US", ends: new Date(mandate.now() + 30 * day).toISOString() };
  expect((await mandate.as("dev", "POST", "/api/v1/legal-reviews", review)).status).toBeLessThan(300);
  expect(await needs("legal")).toMatchObject([{ kind: "legal.review", yours: true, href: expect.stringMatching(/^\/approve\/apr_/) }]);
  for (const who of ["dev", "auditor", "security", "bootstrap"]) expect((await needs(who)).filter((one) => one.kind === "legal.review"), who).toEqual([]);
  expect((await needs("auditor", true)).find((one) => one.kind === "legal.review")).toMatchObject({ yours: false });
});

it("findings are their owner's, a lead's where nobody owns them", async () => {
  await mandate.server.jobs.runAll();
  expect(await kinds("owner")).toContain("finding");
  expect((await needs("tech")).every((one) => !one.title.includes("show less"))).toBe(true);
});

it("what ends soon is the owners'; a seat that falls vacant is the other owner's and the lead's", async () => {
  expect(await kinds("tech")).not.toContain("ending");
  await mandate.later(80 * day);
  expect(await kinds("tech")).toContain("ending");
  expect(await kinds("security")).not.toContain("ending");
  expect((await mandate.request("DELETE", "/api/v1/people/tech@example.com")).status).toBe(204);
  for (const who of ["owner", "lead"]) expect((await needs(who)).filter((one) => one.kind === "vacancy").map((one) => one.title), who).toEqual(expect.arrayContaining(["Helper has no technical owner"]));
  expect((await needs("security")).some((one) => one.kind === "vacancy")).toBe(false);
});

it("the overview shows the same, the reader's first", async () => {
  const { needs: shown } = (await mandate.as("owner", "GET", "/api/v1/overview")).body as { needs: readonly Need[] };
  expect(shown.filter((one) => one.yours)).toEqual(await needs("owner"));
  expect(shown.findIndex((one) => !one.yours)).toBeGreaterThan(shown.findLastIndex((one) => one.yours));
});
