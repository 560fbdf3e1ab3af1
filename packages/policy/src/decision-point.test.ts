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

describe("G7: a system that waits for its authorization is told who holds the question", () => {
  const awaiting = { type: "pilot", approval: "apr_7", deciders: ["bea@halden.example (business owner)"] } as const;
  const waits = { lifecycle: "proposed", authorization: null, missing: ["authorization"] } as const;
  it("by name and with the page where it is decided, not told to correct its manifest", () => {
    const decision = decide({}, { ...waits, awaiting });
    expect(decision).toMatchObject({ outcome: "deny", code: "not_authorized", param: "authorization", rule: "live-authorization" });
    expect(decision.remedies).toEqual([
      { text: "Its pilot was asked for and waits for bea@halden.example (business owner) to decide.", url: "/approve/apr_7" },
    ]);
  });
  it("and what its record itself lacks comes first", () => {
    expect(decide({}, { ...waits, missing: ["owners.technical", "authorization"], awaiting }).rule).toBe("nothing-missing");
  });
});

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

describe("a legal review clears exactly one flow", () => {
  const boundary = { ...systemFacts().boundary, regions: ["EEA", "US"] };
  const granted = { ...systemFacts().grants, destinations: ["lake-us"], models: ["us-model"] };
  const flow = { review: "lgr_1", target: "destination:lake-us", region: "US", from: ["EEA"], classes: [], purposes: [], until: now + 10 };
  const cleared = (changes: Partial<typeof flow> = {}) => ({ boundary, grants: granted, clearedFlows: [{ ...flow, ...changes }] });
  const leaving = exportTo("lake-us", { region: "DE" });

  it("target, region, where the data is from, class, purpose and end all bind", () => {
    expect(decide(leaving, { boundary, grants: granted }).code).toBe("legal_review");
    expect(decide(leaving, cleared()).outcome).toBe("allow");
    expect(decide(leaving, cleared({ until: now })).code).toBe("legal_review");
    expect(decide(leaving, cleared({ target: "destination:lake-de" })).code).toBe("legal_review");
    expect(decide(leaving, cleared({ region: "CH" })).code).toBe("legal_review");
    expect(decide(leaving, cleared({ from: ["FR"] })).code).toBe("legal_review");
    expect(decide(exportTo("lake-us", { region: "DE", classes: ["payment"] }), { ...cleared(), clearedFlows: [{ ...flow, classes: ["personal"] }] }).code).toBe("legal_review");
    expect(decide(leaving, { ...cleared(), clearedFlows: [{ ...flow, purposes: ["billing"] }] }).code).toBe("legal_review");
  });
  it("data of unknown region was never reviewed where the boundary has several", () => {
    expect(decide(exportTo("lake-us", { region: null }), cleared()).code).toBe("legal_review");
  });
  it("never reaches past the boundary's regions", () => {
    expect(decide(leaving, { ...cleared(), boundary: systemFacts().boundary }).code).toBe("data_boundary");
  });
  it("a model elsewhere waits for it once the session holds data of a region", () => {
    const ask = { action: "model.call" as const, resource: { type: "model" as const, id: "us-model" }, input: null };
    const seen = { ...cleanLabels, residency: ["EEA"] };
    expect(decide(ask, { boundary, grants: granted }).outcome).toBe("allow");
    expect(decide({ ...ask, labels: seen }, { boundary, grants: granted })).toMatchObject({ code: "legal_review", remedies: [{ command: "mandate legal-review ask --system support-concierge --target model:us-model" }] });
    expect(decide({ ...ask, labels: seen }, cleared({ target: "model:us-model" })).outcome).toBe("allow");
  });
});

describe("what somebody stopped, and who left", () => {
  it("a vacated seat suspends at its instant, not before", () => {
    expect(decide({}, { ownerVacantDue: now + 1 }).outcome).toBe("allow");
    expect(decide({}, { ownerVacantDue: now })).toMatchObject({ code: "system_suspended", rule: "owner-vacant", param: "owners" });
  });
  it("a stopped model, tool or destination is refused to every system that was granted it", () => {
    const facts = registerFacts();
    const stopped = compilePolicy({ ...facts, models: facts.models.map((one) => ({ ...one, stopped: true })), tools: facts.tools.map((one) => ({ ...one, stopped: true })), destinations: facts.destinations.map((one) => ({ ...one, stopped: true })) });
    expect(stopped.decide(request({ action: "model.call", resource: { type: "model", id: "mistral-large-2" }, input: null }))).toMatchObject({ outcome: "deny", code: "policy", rule: "kill-switch-model" });
    expect(stopped.decide(request())).toMatchObject({ rule: "kill-switch-tool" });
    expect(stopped.decide(request(exportTo("zendesk-eu")))).toMatchObject({ rule: "kill-switch-destination" });
  });
});
