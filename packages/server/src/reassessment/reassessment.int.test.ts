import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reassessmentPorts, grantAuthorization, listAuthorizations, retireSystem } from "../authorization/index.ts";
import { bootstrap, helper, openTestRegister, person } from "../authorization/testing.ts";
import type { Actor, CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { pinServer } from "../registry/index.ts";
import { decideReassessment } from "./decide.ts";
import { noteOffered, observeChange, openReassessment, servedSubject, watchPins } from "./index.ts";
import { listCases, listEvents, systemsOf } from "./store.ts";
import { triggers } from "./triggers.ts";
import { reportVendorEvent, vendorEventKinds } from "./vendor-events.ts";
import { isSpike, watchMeasures } from "./watch.ts";

let register: Awaited<ReturnType<typeof openTestRegister>>;
let as: (actor: Actor) => CommandContext<Tx>;
const [ann, ben, ada] = [person("ann@x.example"), person("ben@x.example"), person("ada@x.example", "administrator", "developer")];
const day = 86_400_000;

beforeAll(async () => {
  register = await openTestRegister();
});
afterAll(() => register?.close());
beforeEach(async () => {
  as = await register.organization();
  register.clock.now = Date.parse("2026-11-20T09:00:00Z");
});

const factsOf = async (name = "helper") => (await register.facts(as(ada))).systems.find((one) => one.name === name)!;
const cases = (state?: "open" | "decided") => as(ada).read(async (tx) => {
  const rows = await listCases(tx, as(ada).org, { limit: 100, state });
  const systems = await systemsOf(tx, as(ada).org, rows.map((row) => row.id));
  return rows.map((row) => ({ ...row, systems: systems.get(row.id) ?? [] }));
});
const ports = () => reassessmentPorts(register.decisions(as(ann)), as({ kind: "system", id: "reassessment", email: null, roles: [], proof: "internal" }));

interface Parts {
  readonly model?: string;
  readonly boundary?: string;
  readonly uses?: string;
  readonly more?: string;
  readonly purpose?: string;
  readonly autonomy?: string;
  readonly intake?: string;
  readonly affected?: string;
  readonly vendor?: string;
  readonly endpoint?: string;
  readonly prompt?: string;
  readonly tool?: string;
  readonly dataset?: string;
}

/** A system that uses one of each, for changes to one part. */
function world(parts: Parts = {}, name = "helper"): string {
  return `
apiVersion: v1
kind: Vendor
metadata: { name: acme }
spec: { visibility: full, regions: [EEA], training: never, subprocessors: [Hosting Ltd], terms: { version: "1" }${parts.vendor ?? ""} }
---
apiVersion: v1
kind: Model
metadata: { name: local }
spec: { vendor: vendor:acme, protocol: openai, endpoint: "${parts.endpoint ?? "http://localhost:9/v1"}", region: EEA, training: never${parts.model ?? ""} }
---
apiVersion: v1
kind: Prompt
metadata: { name: hello }
spec: { shared: true, template: "${parts.prompt ?? "Help {{name}}."}", slots: { name: { charset: letters, maxLength: 30 } } }
---
apiVersion: v1
kind: Prompt
metadata: { name: other }
spec: { shared: true, template: "Other." }
---
apiVersion: v1
kind: Tool
metadata: { name: find }
spec: { effect: ${parts.tool ?? "reads"}, output: trusted }
---
apiVersion: v1
kind: Tool
metadata: { name: look }
spec: { effect: reads, output: trusted }
---
apiVersion: v1
kind: Tool
metadata: { name: pay }
spec: { effect: pays, output: untrusted }
---
apiVersion: v1
kind: Dataset
metadata: { name: handbook }
spec: { sensitivity: ${parts.dataset ?? "internal"}, region: EEA }
---
apiVersion: v1
kind: Dataset
metadata: { name: salaries }
spec: { sensitivity: restricted, region: EEA }
---
apiVersion: v1
kind: Dataset
metadata: { name: wiki }
spec: { sensitivity: internal, region: EEA }
---
apiVersion: v1
kind: Destination
metadata: { name: lake }
spec: { kind: internal, region: EEA, maxSensitivity: internal }
---
apiVersion: v1
kind: Agent
metadata: { name: clerk }
spec: { shared: true, tools: ["tool:find"] }
---
apiVersion: v1
kind: AISystem
metadata: { name: ${name} }
spec:
  title: Helper
  purposes: [{ id: help, text: ${parts.purpose ?? "Answers staff questions."} }]
  owners: { business: ann@x.example, technical: ben@x.example }
  autonomy: ${parts.autonomy ?? "suggests"}
  ${parts.affected ?? ""}
  intake: ${parts.intake ?? "{ prohibited: [], annex3: [] }"}
  boundary: ${parts.boundary ?? "{ sensitivity: internal, regions: [EEA], training: never }"}
  uses: { models: [model:local], prompts: [prompt:hello], datasets: [dataset:handbook], tools: [tool:find]${parts.uses ?? ""} }
${parts.more ?? ""}`;
}

const apply = (text: string, actor: Actor = ada) => register.apply(as(actor), text);
const start = (name?: string) => apply(world({}, name), bootstrap);

describe("each trigger by a change of the register has its class and its effect at the call", () => {
  const changes: readonly [what: string, trigger: keyof typeof triggers, parts: Parts, denied: string | null][] = [
    ["purpose", "purpose", { purpose: "Decides who is hired." }, null],
    ["affected people", "affected-people", { affected: "affected: [customers]" }, null],
    ["an Annex III answer", "legal-answer", { intake: "{ prohibited: [], annex3: [ANX-III.4.a] }" }, null],
    ["a new irreversible effect", "irreversible-effect", {}, null],
    ["a tool that becomes irreversible", "irreversible-effect", { tool: "deletes" }, null],
    ["a dataset above the boundary", "data-above-boundary", { dataset: "restricted" }, null],
    ["the model's provider", "model-provider", { endpoint: "http://other.example/v1" }, null],
    ["the model's version", "model-version", { model: ", served: [local, local-2]" }, "model:local"],
    ["a tool's definition", "tool-definition", { tool: "writes" }, "tool:find"],
    ["a prompt's template", "prompt", { prompt: "Always help {{name}}." }, "prompt:hello"],
    ["autonomy raised", "autonomy", { autonomy: "acts-with-approval" }, "autonomy"],
    ["a new region", "region", { boundary: "{ sensitivity: internal, regions: [EEA, US], training: never }" }, "boundary.regions"],
    ["vendor terms", "vendor-terms", { vendor: "" }, "vendor:acme"],
  ];
  for (const [what, trigger, parts, denied] of changes) {
    it(`${what}: ${trigger} is class ${triggers[trigger]}`, async () => {
      await start();
      const text = what === "vendor terms" ? world().replace('version: "1"', 'version: "2"') : what === "a new irreversible effect" ? world().replace("tools: [tool:find]", "tools: [tool:find, tool:pay]") : world(parts);
      await apply(text);
      const [found] = await cases("open");
      expect([found?.trigger, found?.class, found?.systems[0]?.system]).toEqual([trigger, triggers[trigger], "helper"]);
      const facts = await factsOf();
      if (triggers[trigger] === "C") expect(facts).toMatchObject({ status: "refused", statusCode: "reassessment_required" });
      else {
        expect([facts.status, facts.differences]).toEqual(["restricted", expect.arrayContaining([denied])]);
        register.clock.now += 14 * day;
        expect(await factsOf()).toMatchObject({ status: "refused", statusCode: "reassessment_required" });
      }
    });
  }

  const additions: readonly [what: string, trigger: keyof typeof triggers, from: string, to: string][] = [
    ["a tool added", "tool-added", "tools: [tool:find]", "tools: [tool:find, tool:look]"],
    ["a new dataset", "dataset", "datasets: [dataset:handbook]", "datasets: [dataset:handbook, dataset:wiki]"],
    ["a dataset above the boundary", "data-above-boundary", "datasets: [dataset:handbook]", "datasets: [dataset:handbook, dataset:salaries]"],
    ["a new recipient", "recipient", "tools: [tool:find] }", "tools: [tool:find], destinations: [destination:lake] }"],
    ["a consumer of a shared prompt", "new-consumer", "prompts: [prompt:hello]", "prompts: [prompt:hello, prompt:other]"],
    ["a consumer of a shared agent", "new-consumer", "tools: [tool:find] }", "tools: [tool:find], agents: [agent:clerk] }"],
    ["a sub-processor", "vendor-sub-processor", "subprocessors: [Hosting Ltd]", "subprocessors: [Hosting Ltd, Labels Inc]"],
    ["a vendor's region", "vendor-region", "visibility: full, regions: [EEA]", "visibility: full, regions: [EEA, US]"],
    ["a vendor's training use", "vendor-training", "training: never, subprocessors", "training: allowed, subprocessors"],
    ["less logged at a vendor", "logging", "visibility: full", "visibility: metadata"],
  ];
  for (const [what, trigger, from, to] of additions) {
    it(`${what}: ${trigger} is class ${triggers[trigger]}`, async () => {
      await start();
      await apply(world().replace(from, to));
      const [found] = await cases("open");
      expect([found?.trigger, found?.class]).toEqual([trigger, triggers[trigger]]);
      expect((await factsOf()).status).toBe(triggers[trigger] === "C" ? "refused" : "restricted");
    });
  }

  it("a cosmetic edit is recorded and re-opens nothing", async () => {
    await start();
    await apply(world().replace("title: Helper", "title: Assistant"));
    await apply(world({ more: "  environments: [staging]\n" }));
    expect(await cases()).toEqual([]);
    expect((await factsOf()).status).toBe("operating");
    const events = await as(ada).read((tx) => listEvents(tx, as(ada).org, { limit: 10 }));
    expect(events.map((one) => one.class)).toEqual(["A"]);
  });
});

describe("a change", () => {
  it("of a shared prompt is one case however many systems it reaches", async () => {
    for (const name of ["one", "two", "three"]) await start(name);
    await apply(world({ prompt: "Changed {{name}}." }, "one"));
    const open = await cases("open");
    expect(open.map((one) => [one.subject, one.systems.map((each) => each.system)])).toEqual([["prompt:hello", ["one", "three", "two"]]]);
    await apply(world({ prompt: "Changed {{name}}." }, "one"));
    expect(await cases("open")).toHaveLength(1);
  });

  it("that is taken back needs no decision; changing again doesn't buy more days", async () => {
    await start();
    await apply(world({ tool: "writes" }));
    const [first] = await cases("open");
    register.clock.now += 5 * day;
    await apply(world({ tool: "sends" }));
    const [second] = await cases("open");
    expect([second!.id, second!.systems[0]!.dueAt]).toEqual([first!.id, first!.systems[0]!.dueAt]);
    await apply(world());
    expect((await cases("decided"))[0]!.systems[0]!.outcome).toBe("withdrawn");
    expect((await factsOf()).status).toBe("operating");
  });

  it("is found fine by a signed authorization over what is there now, never by who made it", async () => {
    await start();
    await apply(world({ tool: "writes" }), ada);
    const [found] = await cases("open");
    const decide = (actor: Actor) => decideReassessment(as(actor), found!.id, { outcome: "reaffirmed", reason: "the same data, written once" }, ports().decide({}));
    await expect(decide(ada)).rejects.toMatchObject({ code: "reassessment.own_change" });
    await expect(decide(person("eve@x.example", "developer"))).rejects.toMatchObject({ status: 403 });
    expect(await decide(ann)).toEqual([{ system: "helper", outcome: "reaffirmed", needs: [] }]);
    expect((await factsOf()).status).toBe("operating");
    const [decided] = await cases("decided");
    expect(decided!.systems[0]).toMatchObject({ outcome: "reaffirmed", reason: "the same data, written once", decidedEmail: "ann@x.example", authorization: (await factsOf()).authorization!.id });
  });

  it("ends in tighter terms or a suspension", async () => {
    await start();
    await apply(world({ tool: "writes" }));
    const [found] = await cases("open");
    const ends = new Date(register.clock.now + 3 * day).toISOString();
    await expect(decideReassessment(as(ann), found!.id, { outcome: "tightened", reason: "for now", terms: { ends: new Date(register.clock.now + 900 * day).toISOString() } }, ports().decide({}))).rejects.toMatchObject({ code: "reassessment.not_tighter" });
    await decideReassessment(as(ann), found!.id, { outcome: "tightened", reason: "for now", terms: { ends } }, ports().decide({}));
    expect((await factsOf()).authorization!.ends).toBe(Date.parse(ends) / 1000);
    expect((await cases("decided"))[0]!.systems[0]!.outcome).toBe("tightened");
    await apply(world({ tool: "sends" }));
    const [again] = await cases("open");
    await decideReassessment(as(ann), again!.id, { outcome: "suspended", reason: "no" }, ports().decide({}));
    expect((await factsOf()).statusCode).toBe("system_suspended");
  });
});

describe("plan", () => {
  it("says for each system what re-opens it, what is denied and what still runs, and changes nothing", async () => {
    await start();
    const planned = async (text: string) => (await register.apply(as(ada), text, { dryRun: true })).changes.find((one) => one.kind === "AISystem")!.reassessment;
    expect(await planned(world({ tool: "writes" }))).toMatchObject({ class: "B", denied: ["tool:find"], runs: ["dataset:handbook", "model:local", "prompt:hello"], refusedCalls: 0 });
    expect(await planned(world({ purpose: "Decides who is hired." }))).toMatchObject({ class: "C", changes: [{ subject: "purposes" }], runs: [] });
    expect(await planned(world())).toBeUndefined();
    expect(await cases()).toEqual([]);
  });
});

describe("a vendor's own change", () => {
  for (const kind of vendorEventKinds) {
    it(`${kind} reaches every system that depends on it, at the next call`, async () => {
      await start("one");
      await start("two");
      const id = await reportVendorEvent(as(ada), "acme", { kind, summary: "said so" }, ports().dependents);
      const [found] = await cases("open");
      expect([found!.id, found!.systems.map((one) => one.system)]).toEqual([id, ["one", "two"]]);
      const stops = kind === "breach" || kind === "sanction";
      expect([found!.class, (await factsOf("two")).status]).toEqual(stops ? ["C", "refused"] : ["B", "restricted"]);
      // Only what the event says is against a signed answer is denied at once.
      expect((await factsOf("two")).differences.includes("model:local")).toBe(stops || kind === "training");
      register.clock.now += 14 * day;
      expect((await factsOf("one")).statusCode).toBe("reassessment_required");
    });
  }

  it("asks nobody about a system that was retired", async () => {
    await start("one");
    await start("two");
    await retireSystem(as(ann), "two", { reason: "over" });
    await reportVendorEvent(as(ada), "acme", { kind: "terms", summary: "said so" }, ports().dependents);
    expect((await cases("open"))[0]!.systems.map((one) => one.system)).toEqual(["one"]);
  });

  it("isn't settled by an authorization that was asked for before it", async () => {
    await start();
    await apply(world({ tool: "writes" }));
    const { items } = await listAuthorizations(as(ada), { filters: { state: "submitted" } });
    register.clock.now += 60_000;
    await reportVendorEvent(as(ada), "acme", { kind: "breach", summary: "keys leaked" }, ports().dependents);
    await expect(grantAuthorization(as(ann), items[0]!.id, { reason: "fine" }, register.decisions(as(ann)))).rejects.toMatchObject({ status: 409 });
    expect((await factsOf()).statusCode).toBe("reassessment_required");
    const breach = (await cases("open")).find((one) => one.trigger === "vendor-breach")!;
    await decideReassessment(as(ann), breach.id, { outcome: "reaffirmed", reason: "keys rotated" }, ports().decide({}));
    expect((await factsOf()).status).toBe("operating");
    expect(await cases("open")).toEqual([]);
  });
});

describe("what a gateway observes", () => {
  const seen = (served: string) => observeChange(as({ kind: "system", id: "gateway", email: null, roles: [], proof: "internal" }), { trigger: "model-version", system: "helper", subject: servedSubject("local", served), title: `answered by ${served}`, old: "local", new: served }, ["ann@x.example"], ports().dependents);

  it("is one case, its first sight outlives a restart, and found fine it is accepted", async () => {
    await start();
    const since = register.clock.now / 1000;
    await seen("local-9");
    register.clock.now += day;
    await seen("local-9");
    expect(await cases("open")).toHaveLength(1);
    expect((await factsOf()).served).toEqual([{ model: "local", served: "local-9", since, accepted: false }]);
    await decideReassessment(as(ben), (await cases("open"))[0]!.id, { outcome: "reaffirmed", reason: "a patch" }, ports().decide({}));
    expect((await factsOf()).served).toMatchObject([{ accepted: true }]);
    await seen("local-9");
    expect(await cases("open")).toEqual([]);
  });

  it("as a prompt outside its templates can be found fine as it is, that text alone, and prompts made anew each time don't fill the page", async () => {
    await start();
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    const sent = (text: string) => observeChange(as({ kind: "system", id: "gateway", email: null, roles: [], proof: "internal" }), { trigger: "prompt", system: "helper", subject: `prompt:sha256:${digest(text)}`, title: "sent a system prompt outside its templates", old: "hello", new: digest(text) }, ["ann@x.example"], ports().dependents);
    await sent("Be brief.");
    expect((await factsOf()).acceptedPrompts).toEqual([]);
    await decideReassessment(as(ben), (await cases("open"))[0]!.id, { outcome: "reaffirmed", reason: "harmless" }, ports().decide({}));
    expect(await factsOf()).toMatchObject({ acceptedPrompts: [digest("Be brief.")], status: "operating" });
    await sent("Be brief.");
    expect(await cases("open")).toEqual([]);
    for (let index = 0; index < 9; index += 1) await sent(`It is day ${index}.`);
    expect(await cases("open")).toHaveLength(5);
    expect((await factsOf()).acceptedPrompts).toEqual([digest("Be brief.")]);
  });

  it("can't fill the page: cases of one system are bounded", async () => {
    await start();
    for (let index = 0; index < 60; index += 1) await seen(`local-${index}`);
    expect(await cases("open")).toHaveLength(50);
  });

  it("that was refused already never stops a system", async () => {
    await start();
    await observeChange(as(ada), { trigger: "refused-attempt", system: "helper", subject: "data_boundary:model:local", title: "tried", old: "inside", new: "above" }, [], ports().dependents);
    expect((await cases("open"))[0]!.class).toBe("A");
    register.clock.now += 20 * day;
    expect((await factsOf()).status).toBe("operating");
  });
});

describe("a tool's definition seen at its server", () => {
  const offered = (hash: string) => [{ tool: "wiki.read", hash: hash.repeat(64), definition: {} }];
  const wiki = `---\napiVersion: v1\nkind: McpServer\nmetadata: { name: wiki }\nspec: { url: "http://localhost:9/mcp", pin: on-apply }\n---\napiVersion: v1\nkind: Tool\nmetadata: { name: wiki.read }\nspec: { server: mcp-server:wiki, effect: reads }\n`;
  const gateway = () => as({ kind: "system", id: "mcp", email: null, roles: [], proof: "internal" });
  const saw = (hash: string) => noteOffered(gateway(), "wiki", offered(hash), ports().drift);
  const changed = async () => (await register.facts(as(bootstrap))).tools.find((tool) => tool.name === "wiki.read")!.changed;
  const begin = async () => {
    await register.apply(as(bootstrap), wiki.slice(4));
    await pinServer(as(bootstrap), register.ports, "wiki", offered("a"), "reviewed");
    for (const name of ["one", "two"]) await apply(world({}, name).replace("tools: [tool:find]", "tools: [tool:find, tool:wiki.read]"), bootstrap);
    expect(await cases("open")).toEqual([]);
  };

  it("other than pinned refuses the tool everywhere and is one case of every system that uses it, however often it is seen", async () => {
    await begin();
    expect(await saw("a")).toEqual([]);
    expect(await cases("open")).toEqual([]);
    expect(await saw("b")).toEqual(["wiki.read"]);
    await saw("b");
    await observeChange(gateway(), { trigger: "tool-definition", system: "one", subject: "tool:wiki.read", title: "seen at a call", old: "a", new: "b" }, [], ports().dependents);
    expect(await cases("open")).toMatchObject([{ trigger: "tool-definition", class: "B", subject: "tool:wiki.read", systems: [{ system: "one" }, { system: "two" }] }]);
    expect([await changed(), (await factsOf("one")).differences]).toEqual([true, ["tool:wiki.read"]]);
  });

  it("as pinned again closes its case; asked now and then, also when nobody calls it", async () => {
    await begin();
    let hash = "b";
    const job = watchPins(gateway(), { ...ports().drift, ask: async () => (hash === "none" ? undefined : offered(hash)) });
    await job.run();
    expect([await changed(), (await cases("open")).length]).toEqual([true, 1]);
    hash = "none";
    await job.run();
    expect(await changed()).toBe(true);
    hash = "a";
    await job.run();
    expect([await changed(), await cases("open"), (await factsOf("one")).differences]).toEqual([false, [], []]);
    expect((await factsOf("one")).status).toBe("operating");
  });
});

describe("by measure", () => {
  it("a spike is more than ten times the median day and more than a thousand calls", () => {
    expect(isSpike(1001, [100, 100, 100, 0, 0, 0, 0])).toBe(true);
    expect(isSpike(1000, [1, 1, 1, 1, 1, 1, 1])).toBe(false);
    expect(isSpike(1001, [101, 101, 101, 101, 101, 101, 101])).toBe(false);
    expect(isSpike(50_000, [0, 0, 0, 0, 0, 10, 10])).toBe(false);
  });

  it("a review below its threshold re-opens once for the same measurement", async () => {
    await start();
    const job = watchMeasures(as({ kind: "system", id: "reassessment", email: null, roles: [], proof: "internal" }), { reconcile: ports().dependents.reconcile, ownersOf: ports().ownersOf, reviewsBelow: async () => [{ key: "r1", system: "helper", title: "too many errors", detail: "0.7 below 0.9" }] });
    await job.run();
    await job.run();
    const [found] = await cases("open");
    expect([found!.trigger, (await factsOf()).status]).toEqual(["outcome-review", "operating"]);
    await decideReassessment(as(ben), found!.id, { outcome: "reaffirmed", reason: "mended" }, ports().decide({}));
    await job.run();
    expect(await cases("open")).toEqual([]);
  });

  for (const trigger of ["incident", "owner-vacant", "condition-unmet", "exception-ended"] as const) {
    it(`${trigger} is a hook: the case refuses by itself after its days`, async () => {
      await start();
      await as(ada).transact((tx, record) => openReassessment(tx, as(ada), record, { key: `${trigger}:helper`, trigger, subject: "system:helper", title: trigger, observedBy: "check", old: null, new: null, heldBy: "case", systems: [{ system: "helper" }] }));
      expect((await factsOf()).status).toBe("operating");
      register.clock.now += 14 * day;
      expect((await factsOf()).statusCode).toBe("reassessment_required");
    });
  }
});

it("the example helper is left alone by a change it doesn't hold", async () => {
  await register.apply(as(bootstrap), helper());
  await start("other");
  await apply(world({ tool: "writes" }, "other"));
  expect((await cases("open")).filter((one) => one.subject === "tool:find").flatMap((one) => one.systems.map((each) => each.system))).toEqual(["other"]);
});
