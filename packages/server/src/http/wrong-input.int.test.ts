import { afterAll, beforeAll, expect, it } from "vitest";
import { bootstrapToken, startTestServer } from "../testing/running-server.ts";
import type { TestServer } from "../testing/running-server.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly "x-mandate-filters"?: string;
}

let mandate: TestServer;
beforeAll(async () => {
  mandate = await startTestServer();
});
afterAll(() => mandate?.close());

const parts = ["a%00b", "%ED%A0%80", "%zz", "x".repeat(600), "__proto__", "nobody"];
const words = ["a%00b", "%ff", "-1", "1e999", "AAAA", "0001-01-01T00:00:00Z"];
const bodies = ["", "{", "null", "[]", "7", '"x"', '{"__proto__":{"a":1}}', "[".repeat(10_000)];
const leaves = [null, -1, true, [], {}, "\0", "\ud800", "x".repeat(5000), "9999-12-31T23:59:59Z"];

/** Something the schema takes, so that one wrong leaf in it reaches the command behind. */
function example(schema: Schema, depth = 0): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return example(schema.anyOf[0]!, depth + 1);
  const type = [schema.type ?? "object"].flat()[0];
  if (type === "string") return schema.format === "date-time" ? new Date(mandate.now() + 86_400_000).toISOString() : schema.pattern?.includes("@") === true ? "who@halden.example" : "x".padEnd(schema.minLength ?? 1, "x");
  if (type === "number" || type === "integer") return Math.max(schema.minimum ?? 1, 1);
  if (type === "boolean") return false;
  if (type === "null" || depth > 6) return null;
  if (type === "array") return schema.items === undefined ? [] : [example(schema.items, depth + 1)];
  return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, inner]) => [key, example(inner, depth + 1)]));
}

function* wrongLeaves(value: unknown): Generator {
  yield* leaves;
  if (Array.isArray(value)) for (const wrong of wrongLeaves(value[0])) yield [wrong];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [key, inner] of Object.entries(value)) for (const wrong of wrongLeaves(inner)) yield { ...value, [key]: wrong };
}

it("no wrong path, query or body of any route is our fault: each is a problem that says what to do", async () => {
  const document = (await mandate.request("GET", "/api/v1/openapi.json", { token: null })).body as { paths: Record<string, Record<string, Operation>> };
  const faults: string[] = [];
  let asked = 0;
  const ask = async (method: string, path: string, raw?: string): Promise<void> => {
    asked += 1;
    const response = await fetch(`${mandate.url}${path}`, { method, headers: { authorization: `Bearer ${bootstrapToken}`, ...(raw === undefined ? {} : { "content-type": "application/json" }) }, ...(raw === undefined ? {} : { body: raw }) });
    if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) {
      await response.body?.cancel();
      return;
    }
    const text = await response.text();
    if (response.status < 400) return;
    const problem = (response.headers.get("content-type")?.startsWith("application/problem+json") === true ? JSON.parse(text) : {}) as { status?: number; code?: string; detail?: string; remedies?: unknown[] };
    const shaped = problem.status === response.status && problem.code !== undefined && problem.detail !== undefined && (problem.remedies?.length ?? 0) > 0;
    if (response.status >= 500 || !shaped) faults.push(`${method} ${path.slice(0, 120)} ${raw?.slice(0, 80) ?? ""}: ${response.status} ${text.slice(0, 160)}`);
  };
  const heavy = /^\/access\/|\/events$|\/session|\/evidence\/(?:verify|packs)/;
  for (const [path, operations] of Object.entries(document.paths)) {
    if (heavy.test(path)) continue;
    for (const [verb, operation] of Object.entries(operations)) {
      const method = verb.toUpperCase();
      const schema = operation.requestBody?.content["application/json"]?.schema;
      const body = schema === undefined ? undefined : example(schema);
      const filled = (part: string): string => path.replaceAll(/\{\w+\}/g, part);
      const raw = body === undefined ? undefined : JSON.stringify(body);
      const queries = [...operation.parameters.filter((one) => one.in === "query").map((one) => one.name), ...(operation["x-mandate-filters"]?.split(", ") ?? [])];
      const asks = [
        ...(path.includes("{") ? parts.map((part) => () => ask(method, filled(part), raw)) : []),
        ...queries.flatMap((name) => words.map((word) => () => ask(method, `${filled("nobody")}?${name}=${word}`, raw))),
        ...(method === "GET" ? [] : bodies.map((text) => () => ask(method, filled("nobody"), text))),
        ...[...wrongLeaves(body)].map((wrong) => () => (body === undefined ? Promise.resolve() : ask(method, filled("nobody"), JSON.stringify(wrong)))),
      ];
      const rest = asks[Symbol.iterator]();
      await Promise.all(Array.from({ length: 8 }, async () => { for (const one of rest) await one(); }));
    }
  }
  expect(faults.slice(0, 20)).toEqual([]);
  expect(asked).toBeGreaterThan(5000);
}, 120_000);

it.each(['spec: { title: "a\\0b" }', 'spec: { title: "\\uD800" }', 'metadata: { name: v, labels: { "a\\0": x } }'])("a manifest's escapes bring in nothing that can't be kept: %s", async (line) => {
  const answer = await mandate.request("POST", "/api/v1/apply", { body: `apiVersion: v1\nkind: Entity\n${line.startsWith("metadata") ? `${line}\nspec: { type: X, properties: {} }` : `metadata: { name: v }\n${line}`}\n` });
  expect([answer.status, answer.body.code]).toEqual([422, "manifest.invalid"]);
});
