import { control, items, type Control, type Json, type SampleServer } from "./control.ts";

/** Business owners who accept their T2 system's pilot, as its tier asks. */
const pilots: readonly (readonly [system: string, acceptedBy: string, reason: string])[] = [
  ["returns-desk", "marta.lindqvist@halden.example", "Care leads approve every refund above €80; I accept the pilot."],
  ["dispute-triage", "ingrid.solheim@halden.example", "It opens cases and decides none; I accept the pilot."],
  ["supplier-mail", "ravi.menon@halden.example", "Only known suppliers get mail without a person; I accept the pilot."],
  ["gift-finder", "noor.janssen@halden.example", "Seasonal, public range only; I accept the pilot."],
];

/** Who takes a system to production, in the order that its tier names. */
const productions: readonly (readonly [system: string, requester: string, approvers: readonly string[]])[] = [
  ["code-review", "bastian.keller@halden.example", ["emil.novak@halden.example"]],
  ["meeting-notes", "emil.novak@halden.example", ["sofia.almeida@halden.example"]],
  ["dispute-triage", "tomasz.wrona@halden.example", ["ingrid.solheim@halden.example", "ines.carvalho@halden.example"]],
];

/** Brings the systems into the states that the sample shows. A step the server refuses is said and skipped. */
export async function settleStates(api: Control, server: SampleServer, nowMs: number): Promise<void> {
  const notAfter = new Date(nowMs + 3_600_000).toISOString();
  const as = async (email: string): Promise<Control> => {
    const { token } = await api.send("POST", `/people/${encodeURIComponent(email)}/tokens`, { notAfter });
    return control(server, String(token));
  };
  const step = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      server.log(`Sample: ${what} was skipped. ${error instanceof Error ? error.message : ""}`);
    }
  };
  for (const [system, email, reason] of pilots) {
    await step(`the pilot of ${system}`, async () => acceptPilot(api, await as(email), system, reason));
  }
  await step("an exception", async () => {
    const [tomasz, ingrid] = [await as("tomasz.wrona@halden.example"), await as("ingrid.solheim@halden.example")];
    const { id } = await tomasz.send("POST", "/exceptions", { system: "dispute-triage", scope: { kind: "gate", id: "LOG-03" }, reason: "The auditor's witness starts in December.", compensating: "Checkpoints are mailed to the auditor each night.", ends: new Date(nowMs + 20 * 86_400_000).toISOString() });
    const { approval } = await api.get(`/exceptions/${String(id)}`);
    for (const approver of [ingrid, await as("ines.carvalho@halden.example")]) await approver.send("POST", `/approvals/${String(approval)}/approve`, { reason: "Until the witness runs." });
  });
  for (const [system, requester, approvers] of productions) {
    await step(`production of ${system}`, async () => {
      const by = await as(requester);
      // Who answers for it has been here once.
      for (const email of approvers) await (await as(email)).get(`/systems/${system}`);
      const promoted = await by.send("POST", `/systems/${system}/promote`, { reason: "The pilot met its goals." });
      const id = authorizationId(promoted);
      if (id === undefined) return;
      for (const email of approvers) {
        const approver = await as(email);
        await approver.send("POST", `/authorizations/${id}/grant`, {
          reason: "Reviewed; fit for its purpose.",
          conditions: [],
        });
      }
    });
  }
  await step("refusing cv-screening", async () => {
    const official = await as("helena.sorokina@halden.example");
    for await (const asked of items(api, "/authorizations?system=cv-screening")) {
      await official.send("POST", `/authorizations/${String(asked.id)}/deny`, {
        reason: "Annex III 4(a): no impact assessment and no oversight plan yet.",
        conditions: [],
      });
    }
  });
  await step("suspending supplier-mail", () =>
    api.send("POST", "/systems/supplier-mail/suspend", {
      reason: "A reminder went to the wrong supplier on 19 November; under review.",
    }),
  );
  await step("retiring gift-finder", () =>
    api.send("POST", "/systems/gift-finder/retire", { reason: "The winter season is over." }),
  );
  await openMatters(api, as, step, nowMs);
}

/** One of each matter that people look after, so that no page of the sample is empty. None of them touches the printed commands' system. */
async function openMatters(api: Control, as: (email: string) => Promise<Control>, step: (what: string, work: () => Promise<unknown>) => Promise<void>, nowMs: number): Promise<void> {
  const inDays = (days: number): string => new Date(nowMs + days * 86_400_000).toISOString();
  const [ingrid, ravi, jonas, noor] = await Promise.all(["ingrid.solheim", "ravi.menon", "jonas.brandt", "noor.janssen"].map((name) => as(`${name}@halden.example`)));
  await step("an incident", () =>
    ravi!.send("POST", "/incidents", { title: "A reminder went to the wrong supplier", severity: "medium", systems: ["supplier-mail"], aware: new Date(nowMs - 3_600_000).toISOString(), answers: {} }),
  );
  await step("a reassessment", () =>
    jonas!.send("POST", "/vendors/openai/events", { kind: "sub-processor", summary: "Adds a cloud host in Ohio to its list", url: "https://openai.example/subprocessors" }),
  );
  await step("a legal review", () =>
    noor!.send("POST", "/legal-reviews", { system: "campaign-ideas", target: "model:gpt-4.1", from: ["EEA"], basis: "Standard contractual clauses, module two", classes: [], purposes: [], reason: "The model for themes runs in the United States; the product catalog lies here.", ends: inDays(180) }),
  );
  await step("an accepted risk", () =>
    ingrid!.send("POST", "/risks/wrong-answers-on-warranty/accept", { reason: "Every answer links to the terms; returned goods stay below the budget.", ends: inDays(90) }),
  );
}

async function acceptPilot(api: Control, owner: Control, system: string, reason: string): Promise<void> {
  for await (const approval of items(api, "/approvals?state=pending")) {
    const statement = approval.statement as Json | undefined;
    if (statement?.action !== "pilot" || statement.system !== system) continue;
    await owner.send("POST", `/approvals/${String(approval.id)}/approve`, { reason });
  }
}

function authorizationId(promoted: Json): string | undefined {
  if (typeof promoted.id === "string" && promoted.id.startsWith("auth_")) return promoted.id;
  const nested = promoted.authorization as Json | undefined;
  return typeof nested?.id === "string" ? nested.id : undefined;
}
