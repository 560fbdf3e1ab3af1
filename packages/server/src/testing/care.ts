import { startTestServer } from "./running-server.ts";
import type { Reply, TestServer } from "./running-server.ts";

export interface CareServer extends TestServer {
  readonly tokens: Readonly<Record<string, string>>;
  readonly as: (who: string, method: string, path: string, body?: unknown) => Promise<Reply>;
  /** Moves the clock on, and lets gateways hear of the register again. */
  readonly later: (milliseconds: number) => Promise<void>;
  /** What a call would be answered, decided by the gateway: `allow`, or the code of the refusal. */
  readonly decide: (system: string, resource: { readonly type: "model" | "tool" | "destination"; readonly id: string }, context?: Readonly<Record<string, unknown>>) => Promise<string>;
}

const actions = { model: "model.call", tool: "tool.call", destination: "data.export" } as const;

/** A server with people in each role, each with a token of their own, for tests of what people look after. */
export async function startCareServer(manifest: string): Promise<CareServer> {
  const server = await startTestServer();
  const tokens: Record<string, string> = {};
  const people = { owner: ["business-owner"], tech: ["technical-owner"], lead: ["governance-lead"], legal: ["legal-reviewer"], security: ["security-reviewer"], official: ["authorizing-official"], dev: ["developer"], next: ["business-owner"], auditor: ["auditor"] };
  for (const [name, roles] of Object.entries(people)) {
    const email = `${name}@example.com`;
    await server.request("POST", "/api/v1/people", { body: { email, name, roles } });
    tokens[name] = (await server.request("POST", `/api/v1/people/${email}/tokens`, { body: { notAfter: new Date(server.now() + 200 * 86_400_000).toISOString() } })).body.token;
  }
  const applied = await server.request("POST", "/api/v1/apply", { body: manifest });
  if (applied.status !== 200) throw new Error(applied.text);
  return {
    ...server,
    tokens,
    as: (who, method, path, body) => server.request(method, path, { ...(tokens[who] === undefined ? {} : { token: tokens[who] }), ...(body === undefined ? {} : { body }) }),
    later: async (milliseconds) => {
      server.advance(milliseconds);
      // A build that is under way began before the clock moved; the one after it didn't.
      await server.server.publisher.refresh();
      await server.server.publisher.refresh();
    },
    decide: async (system, resource, context = {}) => {
      const answer = await server.request("POST", "/access/v1/evaluation", { body: { subject: { type: "system", id: system }, action: { name: actions[resource.type] }, resource, context } });
      return answer.body?.context?.outcome === "allow" ? "allow" : (answer.body?.context?.code ?? answer.text);
    },
  };
}

export const careManifest = `
apiVersion: v1
kind: Vendor
metadata: {name: acme}
spec: {visibility: none}
---
apiVersion: v1
kind: Model
metadata: {name: local}
spec: {host: self, protocol: openai, endpoint: "http://localhost:9/v1", region: EEA, training: never, maxSensitivity: internal}
---
apiVersion: v1
kind: Model
metadata: {name: hosted}
spec: {vendor: vendor:acme, protocol: openai, endpoint: "http://localhost:9/v1", region: EEA, training: never, maxSensitivity: internal}
---
apiVersion: v1
kind: Destination
metadata: {name: lake-us}
spec: {kind: internal, region: US, classes: [contact], maxSensitivity: internal, purposes: []}
---
apiVersion: v1
kind: AISystem
metadata: {name: helper}
spec:
  title: Helper
  purposes: [{id: help, text: Answers staff questions.}]
  owners: {business: owner@example.com, technical: tech@example.com}
  autonomy: suggests
  intake: {prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true}
  boundary: {sensitivity: internal, classes: [contact], regions: [EEA, US]}
  uses: {models: ["model:local", "model:hosted"], destinations: ["destination:lake-us"]}
---
apiVersion: v1
kind: AISystem
metadata: {name: other}
spec:
  title: Other
  purposes: [{id: help, text: Answers staff questions.}]
  owners: {business: owner@example.com, technical: tech@example.com}
  autonomy: suggests
  intake: {prohibited: [], annex3: [], annex1: false, profiling: false, decisionEffect: none, reversibility: nothing to undo, vulnerable: false, publicBody: false, euNexus: true}
  boundary: {sensitivity: internal, regions: [EEA]}
  uses: {models: ["model:local"]}
`;
