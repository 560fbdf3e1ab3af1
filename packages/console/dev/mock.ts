import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import * as sample from "./sample.ts";
import { pages } from "./sample-pages.ts";
import { definitions, historyOf, useOf, useOfKind } from "./sample-objects.ts";

type Scene = "full" | "empty" | "error" | "signed-out";

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    "content-type": status < 400 ? "application/json" : "application/problem+json",
    "cache-control": "no-store",
    "x-request-id": "req_01sample",
  });
  response.end(JSON.stringify(body));
}
const page = (items: readonly unknown[]) => ({ items, nextCursor: null });
const problem = (status: number, code: string, detail: string) => ({
  type: "about:blank",
  status,
  code,
  detail,
  title: detail,
  remedies: [{ text: "Try again, or look at the server's log.", command: "npx mandate doctor" }],
});

/** Answers the control API from sample.ts. The cookie `scene` chooses full, empty, error or signed-out. */
export async function answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const url = new URL(request.url ?? "/", "http://console");
  if (!url.pathname.startsWith("/api/v1/")) return false;
  const scene = (/scene=([a-z-]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "full") as Scene;
  const path = url.pathname.slice("/api/v1/".length).split("/").map(decodeURIComponent);
  const [kind = "", name = "", verb = ""] = path;
  const method = request.method ?? "GET";
  let body = "";
  for await (const chunk of request) body += String(chunk);

  if (kind === "session" && name === "state") {
    send(response, 200, { signedIn: scene !== "signed-out" });
    return true;
  }
  if (kind === "session" && name === "") {
    if (scene === "signed-out") send(response, 401, problem(401, "identity.not_signed_in", "Nobody is signed in."));
    else
      send(response, 200, {
        person: sample.person,
        organization: "Halden Retail",
        gatewayUrl: "http://localhost:4601",
        passkeys: false,
        sample: scene === "full",
        csrf: "sample",
      });
    return true;
  }
  if (scene === "error")
    return (send(response, 500, problem(500, "internal", "Something failed on our side. Nothing was changed.")), true);
  if (method !== "GET" && request.headers["x-mandate-csrf"] === undefined)
    return (send(response, 403, problem(403, "identity.csrf", "The request did not come from this console.")), true);
  if (kind === "events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": hello\n\n");
    return true;
  }
  const empty = scene === "empty";
  const found = (items: readonly object[], key: string) =>
    items.find((item) => (item as Record<string, unknown>)[key] === name);
  const reply = (value: unknown) =>
    value === undefined
      ? send(response, 404, problem(404, "registry.not_found", "There is no such object."))
      : send(response, 200, value);
  const list = (items: readonly object[]) => {
    const filters = [...url.searchParams].filter(
      ([field, value]) => !["limit", "cursor", "q", "asOf", "since", "until"].includes(field) && value !== "",
    );
    const words = url.searchParams.get("q")?.toLowerCase().replace(/^[a-z-]+:/, "") ?? "";
    const matching = items.filter(
      (item) =>
        filters.every(([field, value]) => String((item as Record<string, unknown>)[field]) === value) &&
        JSON.stringify(item).toLowerCase().includes(words),
    );
    const limit = Number(url.searchParams.get("limit") ?? 100);
    return reply(page(empty ? [] : matching.slice(0, limit)));
  };

  const fixed = method === "GET" ? pages[path.join("/")] : undefined;
  if (fixed !== undefined) reply(empty && "items" in fixed ? page([]) : fixed);
  else if (kind === "session") reply({ email: sample.person.email, first: true });
  else if (kind === "overview")
    reply(
      empty
        ? {
            counts: { operating: 0, pilot: 0, expired: 0, waiting: 0, proposed: 0, suspended: 0, retired: 0, total: 0 },
            expiring: [],
            byTier: [],
            needs: [],
            traffic: { known: null },
            gateways: [],
            evidence: { entries: 3, checkpoints: 0, root: null, checkedAt: null, trust: "self-attested", unanchored: 3, problems: [] },
          }
        : sample.overview,
    );
  else if (kind === "systems" && name === "") list(sample.systems);
  else if (kind === "systems" && verb === "activity") reply(sample.activity);
  else if (kind === "systems" && verb === "reach")
    reply(name === "support-concierge" ? sample.reach : { nodes: [], edges: [] });
  else if (kind === "systems" && verb === "history")
    reply(
      page([
        {
          at: new Date(sample.now - 102 * 86_400_000).toISOString(),
          by: "Ines Navarro",
          reason: "Gates met",
          summary: "Authorized for production, version 3",
        },
      ]),
    );
  else if (kind === "systems") reply(name === "support-concierge" ? sample.concierge : found(sample.systems, "name"));
  else if (kind === "decisions" && name === "") list(sample.decisions);
  else if (kind === "decisions") {
    const one = sample.decisions.find((item) => item.id === name);
    reply(
      one === undefined
        ? undefined
        : {
            ...one,
            policyVersion: "support-concierge@3",
            registerVersion: 41,
            result: null,
            caller: "concierge-prod",
            callerSaw: one.code === null ? null : `403 ${one.code}`,
            durationMs: 3,
            remedies:
              one.outcome === "allow"
                ? []
                : [
                    { text: "Use translate.eu: same interface, hosted in Paris, already granted." },
                    { text: "Ask the legal reviewer for an exception, at most 14 days." },
                  ],
          },
    );
  } else if (kind === "evidence" && name === "logs") reply(empty ? [] : sample.logs);
  else if (kind === "evidence" && name === "entries" && path.length === 3)
    reply(page(empty ? [] : sample.entryList.slice(0, Number(url.searchParams.get("limit") ?? 50))));
  else if (kind === "evidence" && name === "entries") reply(sample.evidenceEntry(Number(path[3])));
  else if (kind === "approval-metrics") reply(sample.approvalMetrics);
  else if (kind === "delegations") list(empty ? [] : sample.delegations);
  else if (kind === "approvals" && name === "") list(sample.approvals);
  else if (kind === "approvals" && method === "POST")
    reply({
      ...found(sample.approvals, "id"),
      state: verb === "approve" ? "approved" : "refused",
      signature: { kind: "token", person: sample.person.email },
    });
  else if (kind === "approvals") reply(found(sample.approvals, "id"));
  else if (kind === "credentials" && method === "POST")
    reply({
      id: "cred_new",
      key: "mdt_live_Q7sXc2LmP9vRt4kWz8yB1nHd5fJg",
      notAfter: new Date(Date.now() + 7 * 86_400_000).toISOString(),
    });
  else if (kind === "credentials") list(sample.credentials);
  else if (kind === "external-credentials") list([{ id: "extc_1", name: "zendesk-api", location: "vault:care/zendesk", kind: "api_key", system: "support-concierge", owner: sample.person.email, ends: null, ageDays: 212 }]);
  else if (kind === "findings") list(sample.findings);
  else if (kind === "people") list(sample.people);
  else if (kind === "policies" && verb === "check")
    reply({ cedar: "forbid (principal, action, resource);", problems: [], tests: [{ line: null, name: "large ones wait", passed: true, expected: "hold", outcome: "hold", rule: "refund-limit", reason: "Refunds above 80 euros need a person." }], systems: ["support-concierge"], invariants: [refundsWait], invariantsLost: [], widening: { state: "yes", reason: null, example: { system: "support-concierge", action: "tool.call", resource: "tool:refunds.issue", text: "For example support-concierge, tool.call of tool:refunds.issue with context.input.amount.value 80.0001. It waited for a person and would be allowed at once.", details: [{ path: "context.input.amount.value", value: "80.0001" }], before: { outcome: "hold", rule: "refund-limit" }, after: { outcome: "allow", rule: "grant:tool:refunds.issue" }, request: {} } } });
  else if (kind === "invariants") list([refundsWait, { ...refundsWait, id: "secrets-stay", policy: null, on: "data.export", asks: "denied", condition: 'context.data.classes.contains("secret")', because: "Secrets never leave." }]);
  else if (kind === "apply")
    reply({
      changes: [
        {
          kind: "AISystem",
          name: /name: ([\w-]+)/.exec(body)?.[1] ?? "",
          action: "create",
          needsApproval: false,
          voids: [],
        },
      ],
    });
  else if (kind === "use") reply(name === "" ? { items: empty ? [] : useOfKind(url.searchParams.get("kind") ?? "") } : useOf(name, verb));
  else if (sample.inventory[kind] !== undefined && verb === "history") reply(page(historyOf(name)));
  else if (kind === "mcp-servers" && verb === "definitions") reply(definitions);
  else if (sample.inventory[kind] !== undefined) {
    if (name === "") list(sample.inventory[kind]);
    else reply(found(sample.inventory[kind], "name"));
  } else send(response, 404, problem(404, "not_found", "There is no such address."));
  return true;
}

export function mockApi(): Plugin {
  return {
    name: "mandate-sample-api",
    configureServer(server) {
      server.middlewares.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        void answer(request, response).then((done) => (done ? undefined : next()));
      });
    },
  };
}

const refundsWait = { id: "large-refunds-wait", policy: "support-concierge", on: "tool:refunds.issue", asks: "held", condition: 'context.input.amount.value.greaterThan(decimal("100.00"))', because: "Large refunds are seen by a person.", mustProve: true, state: "proven", reason: null, example: null };
