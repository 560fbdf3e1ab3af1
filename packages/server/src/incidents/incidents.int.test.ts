import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { careManifest, startCareServer } from "../testing/care.ts";
import type { CareServer } from "../testing/care.ts";

let server: CareServer;
const local = { type: "model", id: "local" } as const;
const hosted = { type: "model", id: "hosted" } as const;

beforeAll(async () => {
  server = await startCareServer(careManifest);
}, 60_000);
afterAll(() => server.close());

const open = (body: Record<string, unknown>) => server.as("lead", "POST", "/api/v1/incidents", { title: "Wrong refunds", ...body });

describe("legal clocks", () => {
  test("run from awareness, derived from answers, until a person decides; reminders and findings follow the clock", async () => {
    const aware = new Date(server.now() - 3_600_000).toISOString();
    const opened = await open({ systems: ["helper"], aware, answers: { euMarket: true, highRisk: true, death: false, healthHarm: true, criticalInfrastructure: false, widespread: false, personalData: true, noRisk: false } });
    expect(opened.status, opened.text).toBe(201);
    const { id } = opened.body;
    expect(opened.body.clocks.map((one: { id: string; state: string; derived: string }) => [one.id, one.state, one.derived])).toEqual([["gdpr-33-72-hours", "unconfirmed", "likely"], ["ai-act-73-15-days", "unconfirmed", "likely"]]);
    expect(opened.body.nextDue).toBe(new Date(Date.parse(aware) + 72 * 3_600_000).toISOString());
    expect(opened.body.clocks[0].draft).toContain("Article 33(1)");

    expect((await server.as("dev", "POST", `/api/v1/incidents/${id}/clocks/gdpr-33-72-hours`, { applies: false, reason: "no" })).status).toBe(403);
    expect((await server.as("lead", "POST", `/api/v1/incidents/${id}/close`, { how: "done" })).body).toMatchObject({ code: "incidents.clocks_open" });
    expect((await server.as("legal", "POST", `/api/v1/incidents/${id}/clocks/ai-act-73-15-days`, { applies: false, reason: "Not placed on the market by us." })).status).toBe(200);
    await server.later(73 * 3_600_000);
    const late = (await server.as("lead", "GET", `/api/v1/incidents/${id}`)).body;
    expect([late.overdue, late.clocks[0].state]).toEqual([true, "overdue"]);
    await server.server.jobs.runAll();
    expect((await server.as("lead", "GET", "/api/v1/findings?kind=incident.deadline_missed&state=open")).body.items).toMatchObject([{ severity: "critical", system: "helper" }]);
    const submitted = await server.as("legal", "POST", `/api/v1/incidents/${id}/submit`, { clock: "gdpr-33-72-hours", reference: "DPA-2026-1" });
    expect(submitted.body.clocks[0]).toMatchObject({ state: "late", submitted: { reference: "DPA-2026-1", late: true } });
    await server.server.jobs.runAll();
    expect((await server.as("lead", "GET", "/api/v1/findings?kind=incident.deadline_missed&state=open")).body.items).toEqual([]);
    expect((await server.as("legal", "POST", `/api/v1/incidents/${id}/submit`, { clock: "gdpr-33-72-hours", reference: "again" })).body).toMatchObject({ code: "incidents.submitted" });
    const closed = await server.as("lead", "POST", `/api/v1/incidents/${id}/close`, { how: "The template was wrong; it is mended." });
    expect(closed.body).toMatchObject({ state: "closed", nextDue: null });
    expect(closed.body.timeline.map((one: { kind: string }) => one.kind)).toEqual(["opened", "clock.declined", "clock.submitted", "closed"]);
    expect((await server.as("lead", "POST", `/api/v1/incidents/${id}/notes`, { text: "later" })).body).toMatchObject({ code: "incidents.closed" });
  });

  test("a deadline can't be moved away: awareness goes back only, nothing is submitted in the future or before awareness", async () => {
    const { id, aware } = (await open({ answers: { personalData: true } })).body;
    const move = (at: number) => server.as("lead", "POST", `/api/v1/incidents/${id}/aware`, { aware: new Date(at).toISOString(), reason: "A colleague knew." });
    expect((await move(server.now() + 60_000)).body).toMatchObject({ code: "incidents.aware_later" });
    await server.later(10_000);
    expect((await move(server.now())).body).toMatchObject({ code: "incidents.aware_moved" });
    expect((await move(Date.parse(aware) - 3_600_000)).status).toBe(200);
    const submit = (at: number) => server.as("lead", "POST", `/api/v1/incidents/${id}/submit`, { clock: "gdpr-33-72-hours", reference: "x", at: new Date(at).toISOString() });
    expect((await submit(server.now() + 60_000)).body).toMatchObject({ code: "incidents.submitted_when" });
    expect((await submit(Date.parse(aware) - 7_200_000)).body).toMatchObject({ code: "incidents.submitted_when" });
    expect((await open({ aware: new Date(server.now() + 3_600_000).toISOString() })).body).toMatchObject({ code: "incidents.aware_later" });
    expect((await open({ answers: { made: true } })).body).toMatchObject({ code: "incidents.answer_unknown" });
    expect((await open({ systems: ["nowhere"] })).body).toMatchObject({ code: "incidents.system_unknown" });
    expect((await server.as("auditor", "POST", "/api/v1/incidents", { title: "x" })).status).toBe(403);
  });
});

describe("kill switch", () => {
  const stop = (who: string, scope: unknown, more: Record<string, unknown> = {}) => server.as(who, "POST", "/api/v1/kill", { scope, reason: "It harms people.", ...more });

  test("says in numbers what it would refuse, and does nothing on a dry run", async () => {
    expect(await server.decide("helper", local)).toBe("allow");
    await server.as("lead", "GET", "/api/v1/decisions");
    const dry = await server.as("lead", "POST", "/api/v1/kill?dryRun=true", { scope: { model: "local" } });
    expect(dry.body).toMatchObject({ stop: null, effect: { systems: ["helper", "other"] } });
    expect(dry.body.effect.callsLastHour).toBeGreaterThanOrEqual(1);
    expect(await server.decide("helper", local)).toBe("allow");
    expect((await stop("lead", { model: "local" }, { reason: "" })).status).toBe(400);
    expect((await server.as("lead", "POST", "/api/v1/kill", { scope: { model: "local" } })).body).toMatchObject({ code: "kill.reason_missing" });
    expect((await stop("lead", { model: "nothing" })).body).toMatchObject({ code: "kill.unknown" });
    expect((await stop("lead", { model: "local", tool: "x" })).status).toBe(400);
  });

  test("opening an incident stops what has to stop, in force when it answers, and only that; resuming needs another right", async () => {
    const incident = await open({ systems: ["helper"], kill: [{ system: "helper" }, { vendor: "acme" }] });
    expect(incident.status, incident.text).toBe(201);
    expect([await server.decide("helper", local), await server.decide("other", local)]).toEqual(["system_suspended", "allow"]);
    expect(incident.body.timeline.map((one: { kind: string }) => one.kind)).toEqual(["opened", "stopped", "stopped"]);
    expect((await server.as("lead", "GET", "/api/v1/reassessments")).body.items).toContainEqual(expect.objectContaining({ trigger: "incident", class: "B", title: "Incident: Wrong refunds" }));
    const stops: { id: string; scope: string; state: string }[] = incident.body.stops;
    const idOf = (scope: string): string => stops.find((one) => one.scope === scope)!.id;
    expect((await server.as("dev", "POST", `/api/v1/kill/${idOf("vendor")}/resume`, { reason: "fine" })).body).toMatchObject({ code: "kill.may_not_resume" });
    expect((await server.request("POST", `/api/v1/kill/${idOf("vendor")}/resume`, { body: { reason: "an administrator" } })).body).toMatchObject({ code: "kill.may_not_resume" });
    expect((await server.as("tech", "POST", `/api/v1/kill/${idOf("system")}/resume`, { reason: "mended" })).body).toMatchObject({ state: "ended" });
    expect([await server.decide("helper", local), await server.decide("helper", hosted)]).toEqual(["allow", "policy"]);
    expect((await server.as("security", "POST", `/api/v1/kill/${idOf("vendor")}/resume`, { reason: "acme mended it" })).body).toMatchObject({ state: "ended" });
    expect(await server.decide("helper", hosted)).toBe("allow");
    const after = (await server.as("lead", "GET", `/api/v1/incidents/${incident.body.id}`)).body;
    expect(after.timeline.slice(-2).map((one: { kind: string }) => one.kind)).toEqual(["resumed", "resumed"]);
  });

  test("everything stops at once, systems registered later too, and the register shows it", async () => {
    expect((await stop("owner", { all: true })).body).toMatchObject({ code: "kill.may_not_stop" });
    const all = await stop("security", { all: true });
    expect(all.body.gateways).toMatchObject([{ confirmed: true }]);
    expect([await server.decide("helper", local), await server.decide("other", local)]).toEqual(["system_suspended", "system_suspended"]);
    await server.request("POST", "/api/v1/apply", { body: careManifest.split("---").at(-1)!.replace("name: other", "name: newer") });
    expect(await server.decide("newer", local)).toBe("system_suspended");
    expect((await server.as("lead", "GET", "/api/v1/systems/other")).body).toMatchObject({ lifecycle: "suspended", status: "refused", statusCode: "system_suspended" });
    await server.as("lead", "POST", `/api/v1/kill/${all.body.stop.id}/resume`, { reason: "over" });
    expect([await server.decide("other", local), await server.decide("newer", local)]).toEqual(["allow", "allow"]);
  });

  test("a key found by its hash is revoked for good, with its incident", async () => {
    const { id, key } = (await server.request("POST", "/api/v1/credentials", { body: { system: "helper", name: "ci", ttl: "8h" } })).body;
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))).toString("hex");
    expect((await server.as("security", "GET", `/api/v1/credentials?keyHash=${hash}`)).body.items).toMatchObject([{ id, system: "helper", accountable: "tech@example.com" }]);
    expect((await server.as("security", "GET", `/api/v1/credentials?keyHash=${key}`)).status).toBe(400);
    const incident = await server.as("security", "POST", "/api/v1/incidents", { title: "Key ci leaked", systems: ["helper"], kill: [{ credential: id }] });
    expect(incident.body.stops).toMatchObject([{ scope: "credential", state: "final" }]);
    expect((await server.as("security", "GET", `/api/v1/credentials/${id}`)).body).toMatchObject({ state: "revoked" });
    expect((await server.as("lead", "POST", `/api/v1/kill/${incident.body.stops[0].id}/resume`, { reason: "x" })).body).toMatchObject({ code: "kill.final" });
  });
});
