import { describe, expect, test } from "vitest";
import { declaredMapping, mappedQuestions, MappingProblem } from "./mapping.ts";

const token = { sub: "alice@example.com", client_id: "http://agentprovider.com/agent-app-id", aud: "https://mcp.example.com" };
const params = { name: "get_customer", arguments: { id: "cust-12345", case: "case-67890", source: "/a", destination: "/b", number: 7 } };
const read = (mapping: unknown) => declaredMapping({ type: "object", "x-authzen-mapping": mapping });
const asked = (mapping: unknown) => mappedQuestions(read(mapping)!, params, token);

describe("a declared mapping", () => {
  test("of one question gives the request of the binding's own example", () => {
    const mapping = { evaluation: { subject: { type: "identity", id: "$token.sub" }, action: { name: "get_customer" }, resource: { type: "customer", id: "$params.arguments.id" }, context: { agent: "$token.?client_id", case: "$params.arguments.case" } } };
    expect(asked(mapping)).toEqual([{ subject: { type: "identity", id: "alice@example.com" }, action: "get_customer", resource: { type: "customer", id: "cust-12345" }, context: { agent: "http://agentprovider.com/agent-app-id", case: "case-67890" } }]);
  });

  test("of several shares its subject and context, and asks one for each entry", () => {
    const entry = (name: string, of: string) => ({ action: { name }, resource: { type: "storage_object", id: of } });
    const questions = asked({ evaluations: { subject: { id: "$token.sub" }, context: { agent: "$token.?client_id" }, evaluations: [entry("read", "$params.arguments.source"), entry("write", "$params.arguments.destination")] } });
    expect(questions.map(({ action, resource, subject }) => [action, resource.id, subject.id])).toEqual([["read", "/a", token.sub], ["write", "/b", token.sub]]);
  });

  test("takes literals as they are, `$$` as one, and leaves out what is absent", () => {
    const [question] = asked({ evaluation: { action: { name: "$$pay", properties: { fast: true, list: ["$params.arguments.case", "$token.?none", 1] } }, resource: { type: "order", id: "$params.arguments.number", properties: { note: null } }, context: { scope: "$token.?scope" } } });
    expect(question).toEqual({ subject: { type: "identity", id: token.sub }, action: "$pay", actionProps: { fast: true, list: ["case-67890", 1] }, resource: { type: "order", id: "7", props: { note: null } }, context: {} });
  });
});

test("no mapping is no mapping", () => {
  for (const schema of [undefined, null, [], {}, { "x-other": 1 }]) expect(declaredMapping(schema)).toBeUndefined();
});

describe("a mapping that could be read in two ways asks nothing", () => {
  const action = { name: "a" };
  const resource = { type: "r", id: "1" };
  const malformed: [string, unknown][] = [
    ["is no object", "evaluation"],
    ["has two envelopes", { evaluation: { action, resource }, evaluations: { evaluations: [] } }],
    ["has an envelope of its own", { search: { action, resource } }],
    ["has none", {}],
    ["has no entries", { evaluations: { evaluations: [] } }],
    ["has too many entries", { evaluations: { evaluations: Array.from({ length: 21 }, () => ({ action, resource })) } }],
    ["smuggles in a subject", { evaluations: { evaluations: [{ subject: { id: "bob" }, action, resource }] } }],
    ["holds what is no CEL", { evaluation: { action, resource: { type: "r", id: "$1 /" } } }],
    ["is too large", { evaluation: { action, resource, context: { list: Array.from({ length: 600 }, () => 1) } } }],
    ["is too deep", { evaluation: { action, resource, context: Array.from({ length: 14 }).reduce<unknown>((inner) => ({ inner }), 1) } }],
  ];
  test.each(malformed)("%s", (_what, mapping) => expect(() => read(mapping)).toThrow(MappingProblem));

  const unanswerable: [string, unknown][] = [
    ["names another subject", { evaluation: { subject: { id: "bob" }, action, resource } }],
    ["takes its subject from the arguments", { evaluation: { subject: { id: "$params.arguments.id" }, action, resource } }],
    ["asks of an argument that isn't sent", { evaluation: { action, resource: { type: "r", id: "$params.arguments.region" } } }],
    ["has no resource where it is absent", { evaluation: { action, resource: "$token.?none" } }],
    ["has an id that is null", { evaluation: { action, resource: { type: "r", id: null } } }],
    ["has an id that is a list", { evaluation: { action, resource: { type: "r", id: ["1"] } } }],
    ["has an id without end", { evaluation: { action, resource: { type: "r", id: "x".repeat(513) } } }],
    ["has no action", { evaluation: { resource } }],
    ["has a context that is none", { evaluation: { action, resource, context: 7 } }],
  ];
  test.each(unanswerable)("%s", (_what, mapping) => expect(() => asked(mapping)).toThrow(MappingProblem));

  test("names a prototype's members, which stay its own", () => {
    const [question] = asked({ evaluation: { action, resource, context: JSON.parse('{"__proto__":{"admin":true}}') as unknown } });
    expect((question!.context as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});
