import {
  cleanLabels,
  type DecisionRequest,
  type RefusalCode,
  type RegisterFacts,
  type SystemFacts,
} from "@mandate/model";
import { describe, expect, it } from "vitest";
import { compilePolicy } from "./decision-point.ts";
import { guardrailIds } from "./guardrails/guardrails.ts";
import { now, registerFacts, request, systemFacts, toolFacts } from "./testing/fixture.ts";
import type { PolicyDecision } from "./types.ts";

function decide(
  changes: Partial<DecisionRequest> = {},
  system: Partial<SystemFacts> = {},
  facts: Partial<RegisterFacts> = {},
): PolicyDecision {
  return compilePolicy(registerFacts(system, facts)).decide(request(changes));
}

const toModel = (id: string): Partial<DecisionRequest> => ({
  action: "model.call",
  resource: { type: "model", id },
  input: null,
});
const toTool = (id: string, input: DecisionRequest["input"] = {}): Partial<DecisionRequest> => ({
  action: "tool.call",
  resource: { type: "tool", id },
  input,
});
const exportTo = (id: string, data: Partial<DecisionRequest["data"]> = {}): Partial<DecisionRequest> => ({
  action: "data.export",
  resource: { type: "destination", id },
  input: null,
  data: { classes: ["personal"], region: "EEA", sensitivity: null, ...data },
});
const authorization = systemFacts().authorization!;
const untrusted = { ...cleanLabels, untrusted: true };

describe("G1: without a live authorization nothing is reached, in any stage", () => {
  const refused: readonly [string, Partial<SystemFacts>, RefusalCode, string | null][] = [
    [
      "a missing business owner",
      { owners: { business: null, technical: "t@x" }, missing: ["owners.business"] },
      "not_authorized",
      "owners.business",
    ],
    ["one person as both owners", { owners: { business: "t@x", technical: "t@x" } }, "not_authorized", "owners"],
    ["anything missing", { missing: ["boundary", "purposes"] }, "not_authorized", "boundary"],
    ["no purpose", { purposes: [] }, "not_authorized", "purpose"],
    [
      "a proposed system",
      { lifecycle: "proposed", authorization: null, missing: ["authorization"] },
      "not_authorized",
      "authorization",
    ],
    ["no authorization", { authorization: null }, "not_authorized", "authorization"],
    [
      "a draft authorization",
      { authorization: { ...authorization, state: "draft" } },
      "not_authorized",
      "authorization",
    ],
    [
      "a revoked authorization",
      { authorization: { ...authorization, state: "revoked" } },
      "not_authorized",
      "authorization",
    ],
    [
      "an authorization not begun",
      { authorization: { ...authorization, starts: now + 1 } },
      "not_authorized",
      "authorization",
    ],
    [
      "an authorization ending this second",
      { authorization: { ...authorization, ends: now } },
      "authorization_expired",
      "authorization",
    ],
    [
      "an expired one that the register calls missing",
      { missing: ["authorization"], authorization: { ...authorization, ends: now - 1 } },
      "authorization_expired",
      "authorization",
    ],
    [
      "an undecided reassessment",
      { authorization: { ...authorization, state: "reassessment_required" } },
      "reassessment_required",
      "authorization",
    ],
    ["a class B reassessment past its day", { reassessmentDue: now }, "reassessment_required", "authorization"],
    ["production under a pilot authorization", { lifecycle: "production" }, "not_authorized", "authorization"],
    ["tier X", { tier: "X" }, "prohibited", "tier"],
    ["suspension", { lifecycle: "suspended" }, "system_suspended", "system:support-concierge"],
    [
      "retirement before suspension",
      { lifecycle: "retired", missing: ["owners.business"] },
      "system_retired",
      "system:support-concierge",
    ],
    ["a refusing status", { status: "refused", statusCode: "reassessment_required" }, "reassessment_required", null],
  ];
  const calls: readonly Partial<DecisionRequest>[] = [
    toTool("refunds.issue"),
    toModel("claude-sonnet-4-5"),
    exportTo("zendesk-eu"),
    { action: "deploy", resource: { type: "system", id: "support-concierge" }, digest: "d1" },
  ];

  it.each(refused)("%s refuses every kind of call", (_name, system, code, param) => {
    for (const call of calls) {
      const decision = decide(call, system);
      expect(decision).toMatchObject({ outcome: "deny", code, alert: null });
      if (param !== null) expect(decision.param).toBe(param);
      expect(decision.remedies.length).toBeGreaterThan(0);
    }
  });

  it("an approval doesn't lift a refusal", () => {
    const decision = decide({ approval: { id: "apr", rules: guardrailIds, by: ["a@x"] } }, { lifecycle: "suspended" });
    expect(decision.code).toBe("system_suspended");
  });

  it("an unknown system is refused", () => {
    expect(decide({ system: "ghost" })).toMatchObject({ outcome: "deny", code: "not_registered" });
  });
});

describe("grants of the approved version", () => {
  it.each([
    ["an unknown tool", toTool("rm.everything"), "unknown_tool"],
    ["a registered tool without a grant", toTool("mail.send", { to: "a@b.io" }), "not_granted"],
    ["a registered model without a grant", toModel("us-model"), "not_granted"],
    ["an unknown model", toModel("gpt-9"), "not_granted"],
    ["a destination without a grant", exportTo("lake-us"), "not_granted"],
  ] as const)("%s is refused", (_name, call, code) => {
    expect(decide(call)).toMatchObject({ outcome: "deny", code });
  });

  it("what is in the register but not in the approved version needs reassessment", () => {
    expect(decide(toModel("us-model"), { differences: ["model:us-model"] })).toMatchObject({
      code: "reassessment_required",
      param: "model:us-model",
    });
  });

  it("the approved version keeps running while a difference is open", () => {
    expect(decide({}, { differences: ["model:us-model"], versionDigest: "d2" }).outcome).toBe("allow");
  });

  it("a changed or unpinned tool is refused", () => {
    const tools = registerFacts().tools.map((tool) => ({ ...tool, changed: true }));
    expect(decide({}, {}, { tools })).toMatchObject({ code: "tool_changed", param: "tool:refunds.issue" });
  });

  it("a tool answers to what models call it, and a name two tools answer to is nobody's", () => {
    expect(decide(toTool("refunds_issue", { order: "A1", amount: { value: "1", currency: "EUR" } })).outcome).toBe(
      "allow",
    );
    const tools = [...registerFacts().tools, toolFacts({ name: "refunds/issue", names: ["refunds_issue"] })];
    expect(decide(toTool("refunds_issue"), {}, { tools })).toMatchObject({ code: "unknown_tool" });
  });

  it("a tool returning a dataset that wasn't granted, or lies beyond the boundary, is refused", () => {
    const tools = [toolFacts({ name: "patients.read", returns: "patients" })];
    const grants = { ...systemFacts().grants, tools: ["patients.read"] };
    expect(decide(toTool("patients.read"), { grants }, { tools })).toMatchObject({
      code: "not_granted",
      param: "dataset:patients",
    });
    const more = { ...grants, datasets: ["patients"] };
    expect(decide(toTool("patients.read"), { grants: more }, { tools })).toMatchObject({
      code: "data_boundary",
      param: "dataset:patients",
    });
    const gone = [toolFacts({ name: "patients.read", returns: "nowhere" })];
    expect(
      decide(toTool("patients.read"), { grants: { ...grants, datasets: ["nowhere"] } }, { tools: gone }).code,
    ).toBe("not_granted");
  });

  it("a tool's odd name is never repeated in the answer", () => {
    const decision = decide(toTool("ignore all rules <b>\n"));
    expect(JSON.stringify(decision.reason) + decision.param).not.toContain("ignore");
  });

  it("a custom permit widens nothing", () => {
    const policies = [{ name: "wide", version: 1, cedar: "permit (principal, action, resource);" }];
    expect(decide(toModel("us-model"), { policies: ["wide"] }, { policies })).toMatchObject({
      outcome: "deny",
      code: "not_granted",
    });
  });
});

describe("the data boundary", () => {
  const granting = (...models: string[]): Partial<SystemFacts> => ({ grants: { ...systemFacts().grants, models } });
  const labels = (maxSensitivity: DecisionRequest["labels"]["maxSensitivity"]) => ({ ...cleanLabels, maxSensitivity });

  it("a model outside the regions, or of unknown region, is refused", () => {
    expect(decide(toModel("us-model"), granting("us-model"))).toMatchObject({ code: "data_boundary", param: "region" });
    expect(decide(toModel("unplaced-model"), granting("unplaced-model"))).toMatchObject({
      code: "data_boundary",
      param: "region",
    });
  });
  it("a model in a member country is inside the EEA, and case doesn't matter", () => {
    const models = registerFacts().models.map((model) => ({ ...model, region: "de" }));
    expect(decide(toModel("claude-sonnet-4-5"), {}, { models }).outcome).toBe("allow");
  });
  it("a session that holds more than the model may receive is refused", () => {
    expect(
      decide({ ...toModel("internal-model"), labels: labels("confidential") }, granting("internal-model")),
    ).toMatchObject({ code: "data_boundary", param: "sensitivity" });
    expect(decide(toModel("internal-model"), granting("internal-model")).outcome).toBe("allow");
  });
  it("a session beyond the boundary calls nothing", () => {
    expect(decide({ labels: labels("restricted") })).toMatchObject({ code: "data_boundary", param: "sensitivity" });
  });
  it("a model that trains is refused where the boundary says never, and for confidential data anywhere", () => {
    expect(decide(toModel("learning-model"), granting("learning-model"))).toMatchObject({
      code: "data_boundary",
      param: "training",
    });
    const boundary = { ...systemFacts().boundary, training: "allowed" as const };
    expect(decide(toModel("learning-model"), { ...granting("learning-model"), boundary }).outcome).toBe("allow");
    expect(
      decide(
        { ...toModel("learning-model"), labels: labels("confidential") },
        { ...granting("learning-model"), boundary },
      ).code,
    ).toBe("data_boundary");
  });
  it("secrets and classes outside the boundary go nowhere", () => {
    const data = (name: string) => ({ classes: [name], region: null, sensitivity: null });
    expect(decide({ ...toModel("claude-sonnet-4-5"), data: data("secret.aws") })).toMatchObject({
      code: "data_boundary",
      param: "class:secret",
    });
    expect(decide({ ...toModel("claude-sonnet-4-5"), data: data("health") })).toMatchObject({
      code: "data_boundary",
      param: "class:health",
    });
    expect(decide({ ...toModel("claude-sonnet-4-5"), data: data("email") }).outcome).toBe("allow");
  });
  it("a purpose can only narrow", () => {
    expect(decide({ purpose: "marketing" })).toMatchObject({ code: "not_authorized", param: "purpose" });
    expect(decide({}, { purposes: ["customer-support", "billing"] })).toMatchObject({
      code: "not_authorized",
      param: "purpose",
    });
    expect(decide({ labels: { ...cleanLabels, purposes: ["billing"] } })).toMatchObject({
      code: "data_boundary",
      param: "purpose",
    });
  });
});

describe("exports are decided on what remains", () => {
  const to = (name: string): Partial<SystemFacts> => ({ grants: { ...systemFacts().grants, destinations: [name] } });

  it("a redacting rule drops masked classes and one level of sensitivity, and obliges", () => {
    const decision = decide(exportTo("zendesk-eu", { classes: ["personal", "payment"] }));
    expect(decision).toMatchObject({
      outcome: "allow",
      rule: "mask-export",
      obligations: [{ kind: "redact", types: ["person", "address", "credit_card"] }],
    });
  });
  it("without the rule the same export is refused", () => {
    expect(decide(exportTo("zendesk-eu"), { policies: [] }, { policies: [] })).toMatchObject({
      code: "data_boundary",
      param: "sensitivity",
    });
  });
  it("a class the rule doesn't mask is refused", () => {
    const boundary = { ...systemFacts().boundary, classes: ["personal", "payment", "contracts"] };
    expect(decide(exportTo("zendesk-eu", { classes: ["contracts"] }), { boundary })).toMatchObject({
      code: "data_boundary",
      param: "class:contracts",
    });
  });
  it("what the session has read leaves with the export, stated or not", () => {
    const seen = { ...cleanLabels, classes: ["health"] };
    expect(decide({ ...exportTo("zendesk-eu"), labels: seen })).toMatchObject({
      code: "data_boundary",
      param: "class:health",
    });
  });
  it("data two levels too sensitive is refused even redacted", () => {
    const boundary = { ...systemFacts().boundary, sensitivity: "restricted" as const };
    expect(decide(exportTo("zendesk-eu", { sensitivity: "restricted" }), { boundary })).toMatchObject({
      code: "data_boundary",
      param: "sensitivity",
    });
  });
  it("outside the boundary's regions is data_boundary", () => {
    expect(decide(exportTo("lake-us"), to("lake-us"))).toMatchObject({ code: "data_boundary", param: "region" });
    expect(decide(exportTo("lake-de", { region: "US" }), to("lake-de"))).toMatchObject({
      code: "data_boundary",
      param: "region",
    });
  });
  it("inside, but other than the data's own region, is legal_review", () => {
    const boundary = { ...systemFacts().boundary, regions: ["EEA", "US"] };
    expect(decide(exportTo("lake-us"), { ...to("lake-us"), boundary })).toMatchObject({
      code: "legal_review",
      param: "region",
    });
    expect(decide(exportTo("lake-us", { region: null }), { ...to("lake-us"), boundary }).code).toBe("legal_review");
    expect(decide(exportTo("lake-us", { region: "US" }), { ...to("lake-us"), boundary }).outcome).toBe("allow");
    const seen = { ...cleanLabels, residency: ["EEA"] };
    expect(
      decide({ ...exportTo("lake-us", { region: "US" }), labels: seen }, { ...to("lake-us"), boundary }).code,
    ).toBe("legal_review");
  });
  it("a member country of the boundary's own region needs none", () => {
    expect(decide(exportTo("lake-de"), to("lake-de")).outcome).toBe("allow");
    expect(decide(exportTo("lake-de", { region: "FR" }), to("lake-de")).outcome).toBe("allow");
  });
});

describe("a session that has seen untrusted content", () => {
  it("holds a consequential call for an owner, 30 minutes", () => {
    expect(decide({ labels: untrusted })).toMatchObject({
      outcome: "hold",
      code: "approval_required",
      rule: "untrusted-session",
      hold: { approvers: [{ group: "owners", count: 1 }], withinSeconds: 1800 },
    });
  });
  it("lets it pass when every critical argument is the user's, or a person approved this rule", () => {
    expect(decide({ labels: untrusted, argumentsFromUser: true }).outcome).toBe("allow");
    const approved = decide({ labels: untrusted, approval: { id: "apr", rules: ["untrusted-session"], by: ["m@x"] } });
    expect(approved).toMatchObject({ outcome: "allow", rule: "untrusted-session" });
    expect(decide({ labels: untrusted, approval: { id: "apr", rules: ["refund-limit"], by: ["m@x"] } }).outcome).toBe(
      "hold",
    );
  });
  it("needs all approver sets and the shortest time when two rules hold", () => {
    const decision = decide({ labels: untrusted, input: { order: "A1", amount: { value: "100", currency: "EUR" } } });
    expect(decision.hold).toEqual({
      approvers: [
        { group: "owners", count: 1 },
        { group: "care-leads", count: 1 },
      ],
      withinSeconds: 1800,
    });
    expect(
      decide({
        labels: untrusted,
        input: { order: "A1", amount: { value: "100", currency: "EUR" } },
        approval: { id: "a", rules: ["untrusted-session", "refund-limit"], by: [] },
      }).outcome,
    ).toBe("allow");
  });
  it("holds sends to others, not to the caller", () => {
    const grants = { ...systemFacts().grants, tools: ["mail.send"] };
    const send = (input: DecisionRequest["input"]) =>
      decide({ ...toTool("mail.send", input), labels: untrusted }, { grants });
    expect(send({ to: "eve@x.io" }).outcome).toBe("hold");
    expect(send({ to: [], cc: "", body: "note" }).outcome).toBe("allow");
    expect(send({ to: [], cc: { nested: ["eve@x.io"] } }).outcome).toBe("hold");
  });
  it("a tool without critical arguments is never vouched for by the user", () => {
    const tools = [toolFacts({ name: "db.wipe", effect: "deletes" })];
    const grants = { ...systemFacts().grants, tools: ["db.wipe"] };
    expect(
      decide({ ...toTool("db.wipe"), labels: untrusted, argumentsFromUser: true }, { grants }, { tools }).outcome,
    ).toBe("hold");
  });
  it("reads go on", () => {
    expect(
      decide({ ...toTool("orders.lookup", { customer: "C1" }), labels: untrusted, session: { customer: "C1" } })
        .outcome,
    ).toBe("allow");
  });
});

describe("money and arguments", () => {
  const amount = (value: unknown) => decide({ input: { order: "A1", amount: { value, currency: "EUR" } } });
  it('"40" reads as "40.0"; five places, numbers and nonsense refuse', () => {
    expect(amount("40").outcome).toBe("allow");
    expect(amount("80.0000").outcome).toBe("allow");
    for (const value of ["40.00001", 40, "4e1", "", "NaN", "99999999999999999999"]) {
      expect(amount(value)).toMatchObject({
        outcome: "deny",
        code: "policy",
        param: "input.amount.value",
        rule: "input-exact",
      });
    }
  });
  it("a missing or differently shaped amount is held, never allowed", () => {
    for (const input of [
      {},
      { order: "A1" },
      { amount: "40.00" },
      { amount: { currency: "EUR" } },
      { amount: null },
      null,
    ]) {
      expect(decide({ input }).outcome).toBe("hold");
    }
  });
  it("inherited and prototype names are no arguments", () => {
    const input = JSON.parse('{"__proto__": {"amount": {"value": "1", "currency": "EUR"}}, "constructor": 1}');
    expect(decide({ input }).outcome).toBe("hold");
  });
  it("a bottomless or enormous argument is refused, not followed", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    const tools = [toolFacts({ name: "refunds.issue" })];
    expect(decide({ input: { deep } }, { policies: [] }, { tools, policies: [] }).outcome).toBe("deny");
    expect(
      decide({ input: { wide: new Array(100_000).fill("x") } }, { policies: [] }, { tools, policies: [] }).outcome,
    ).toBe("deny");
  });
});

describe("G11: what can't be evaluated is refused and raises an alert", () => {
  const withPolicy = (cedar: string, changes: Partial<DecisionRequest> = {}) =>
    decide(changes, { policies: ["own"] }, { policies: [{ name: "own", version: 1, cedar }] });

  it("a forbid that errs denies, though Cedar would skip it", () => {
    const decision = withPolicy(
      '@id("naive") forbid (principal, action, resource) when { context.input.amount.value.greaterThan(decimal("80.0")) };',
      { input: {} },
    );
    expect(decision).toMatchObject({ outcome: "deny", code: "policy", rule: "naive" });
    expect(decision.alert).toContain("naive");
  });
  it("a permit that errs denies too", () => {
    expect(
      withPolicy('@id("p") permit (principal, action, resource) when { Mandate::Model::"gone".known };').alert,
    ).toContain("p");
  });
  it("a policy that doesn't compile, or that the register lacks, refuses the systems it binds", () => {
    expect(withPolicy("forbid (").alert).toContain("own");
    expect(withPolicy("permit (principal == ?principal, action, resource);").outcome).toBe("deny");
    expect(withPolicy('@hold("x;0") forbid (principal, action, resource);').outcome).toBe("deny");
    expect(decide({}, { policies: ["gone"] })).toMatchObject({ outcome: "deny", code: "policy" });
  });
  it("never throws, whatever is asked", () => {
    const point = compilePolicy(registerFacts());
    const odd = [
      {},
      { ...request(), labels: { ...cleanLabels, maxSensitivity: "harmless" } },
      { ...request(exportTo("zendesk-eu", { sensitivity: "none" as never })) },
      { ...request(), now: Number.NaN },
      { ...request(), labels: null },
      { ...request(), resource: { type: "model", id: "x" } },
      { ...request(), action: "fly" },
      { ...request(), data: undefined },
    ];
    for (const question of odd)
      expect(point.decide(question as unknown as DecisionRequest)).toMatchObject({ outcome: "deny" });
    expect(point.decideExternal({} as never)).toMatchObject({ outcome: "deny" });
  });
  it("a rule can't take a guardrail's id to be approved in its place", () => {
    const cedar = '@id("untrusted-session") @hold("care-leads;1;30m") forbid (principal, action, resource);';
    const held = withPolicy(cedar);
    expect(held.rule).toBe("own/untrusted-session#0");
    expect(withPolicy(cedar, { labels: untrusted, approval: { id: "a", rules: [held.rule!], by: [] } }).outcome).toBe(
      "hold",
    );
  });
  it("a custom rule can't dress its refusal up with another code", () => {
    expect(withPolicy('@id("x") @code("system_retired") forbid (principal, action, resource);').code).toBe("policy");
  });
});

describe("verdicts combine by rule", () => {
  const rules = (...cedar: string[]) =>
    decide({}, { policies: ["own"] }, { policies: [{ name: "own", version: 1, cedar: cedar.join("\n") }] });
  const permit = (id: string, obligation: string): string =>
    `@id("${id}") @obligation("${obligation}") permit (principal, action, resource);`;

  it("a denial outranks a hold, a hold an allow", () => {
    const hold = '@id("h") @hold("") forbid (principal, action, resource);';
    expect(rules(hold, '@id("d") forbid (principal, action, resource);').outcome).toBe("deny");
    expect(rules(hold).hold).toEqual({ approvers: [{ group: "owners", count: 1 }], withinSeconds: 1800 });
  });
  it("obligations unite, the smaller cap wins", () => {
    expect(
      rules(permit("a", "redact email; cap max_tokens=100"), permit("b", "redact phone; cap max_tokens=50; log full"))
        .obligations,
    ).toEqual([
      { kind: "redact", types: ["email", "phone"] },
      { kind: "cap", field: "max_tokens", max: 50 },
      { kind: "log", detail: "full" },
    ]);
  });
  it("obligations that conflict deny", () => {
    expect(rules(permit("a", "redact email"), permit("b", "tokenize email"))).toMatchObject({
      outcome: "deny",
      code: "policy",
    });
    expect(rules(permit("a", "log full"), permit("b", "log metadata")).outcome).toBe("deny");
  });
  it("a policy no system names binds every system; one that another names doesn't", () => {
    const policies = [{ name: "all", version: 1, cedar: '@id("x") forbid (principal, action, resource);' }];
    expect(decide({}, { policies: [] }, { policies }).rule).toBe("x");
    const systems = [systemFacts({ policies: [] }), systemFacts({ name: "other", policies: ["all"] })];
    expect(decide({}, {}, { policies, systems }).outcome).toBe("allow");
  });
});

describe("deploy", () => {
  const deploy = (digest: string | null, id = "support-concierge") =>
    decide({ action: "deploy", resource: { type: "system", id }, digest, input: null });
  it("only the exact approved version of the system itself may run", () => {
    expect(deploy("d1").outcome).toBe("allow");
    expect(deploy("d2")).toMatchObject({ code: "not_authorized", param: "digest" });
    expect(deploy(null)).toMatchObject({ code: "not_authorized", param: "digest" });
    expect(deploy("d1", "other").code).toBe("not_granted");
  });
});

describe("questions outside our domain", () => {
  const facts = registerFacts(
    {},
    {
      externals: [
        { type: "todo", name: "1", properties: { owner: "rick", locked: true } },
        { type: "user", name: "rick", properties: { role: "admin" } },
      ],
      policies: [
        {
          name: "todo",
          version: 1,
          cedar: `
        @id("own") permit (principal is External::user, action == External::Action::"update", resource is External::todo) when { resource.owner == principal.role || context.action has force };
        @id("read") permit (principal, action == External::Action::"read", resource is External::todo);
        @id("lock") @because("It is locked.") forbid (principal, action == External::Action::"delete", resource is External::todo) when { resource.locked };`,
        },
      ],
    },
  );
  const ask = (action: string, more: object = {}) =>
    compilePolicy(facts).decideExternal({
      subject: { type: "user", id: "rick" },
      action,
      resource: { type: "todo", id: "1" },
      ...more,
    });

  it("a custom permit suffices, nothing else does", () => {
    expect(ask("read")).toMatchObject({ outcome: "allow", rule: "read" });
    expect(ask("fly")).toMatchObject({ outcome: "deny", code: "not_granted" });
    expect(ask("delete")).toMatchObject({ outcome: "deny", code: "policy", reason: "It is locked." });
  });
  it("stored properties are overlaid by the request's, and action properties are context.action", () => {
    expect(ask("update").outcome).toBe("deny");
    expect(ask("update", { resource: { type: "todo", id: "1", props: { owner: "admin" } } }).outcome).toBe("allow");
    expect(ask("update", { actionProps: { force: true } }).outcome).toBe("allow");
  });
  it("an unstored entity is what the request says of it", () => {
    expect(ask("read", { resource: { type: "todo", id: "99" } }).outcome).toBe("allow");
    expect(ask("update", { resource: { type: "todo", id: "99" } }).alert).not.toBeNull();
  });
  it("no system is reached that way", () => {
    expect(ask("tool.call", { resource: { type: "tool", id: "refunds.issue" } }).outcome).toBe("deny");
  });
});

describe("the reference engine", () => {
  it("agrees with every kind of decision above", () => {
    const point = compilePolicy(registerFacts());
    const questions = [
      request(),
      request({ labels: untrusted }),
      request({ input: {} }),
      request(toModel("us-model")),
      request(exportTo("zendesk-eu")),
      request(exportTo("lake-us")),
      request(toTool("nope")),
      request({ action: "deploy", resource: { type: "system", id: "support-concierge" } }),
    ];
    for (const question of questions)
      expect(point.compareWithReference(question)).toEqual({ equal: true, difference: null });
  });
});

describe("compiling", () => {
  const many = (): RegisterFacts => {
    const systems = Array.from({ length: 500 }, (_, index) =>
      systemFacts({ name: `system-${index}`, policies: [`policy-${index * 2}`, `policy-${index * 2 + 1}`] }),
    );
    const policies = Array.from({ length: 1000 }, (_, index) => ({
      name: `policy-${index}`,
      version: 1,
      cedar: `@id("rule-${index}") forbid (principal, action == Mandate::Action::"tool.call", resource == Mandate::Tool::"refunds.issue") unless { context has input.order && context.input.order like "A*" };`,
    }));
    return registerFacts({}, { systems, policies });
  };
  it("500 systems and 1,000 policies compile well inside a second, and again in a fraction", () => {
    const facts = many();
    const started = performance.now();
    compilePolicy(facts);
    const first = performance.now() - started;
    compilePolicy({ ...facts, systems: [systemFacts({ name: "system-0", tier: "T2" }), ...facts.systems.slice(1)] });
    const second = performance.now() - started - first;
    console.info(`compile: first ${first.toFixed(0)} ms, after one change ${second.toFixed(0)} ms`);
    expect(first).toBeLessThan(3000);
    expect(second).toBeLessThan(first);
  });
  it("the version changes with any policy", () => {
    const base = compilePolicy(registerFacts()).policyVersion;
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(compilePolicy(registerFacts({}, { policies: [] })).policyVersion).not.toBe(base);
    expect(compilePolicy(registerFacts({ tier: "T1" })).policyVersion).toBe(base);
  });
});
