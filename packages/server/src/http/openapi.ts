import type { RouteOptions } from "fastify";
import { z } from "zod";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly schema: RouteSchema;
  readonly access: string;
  /** Fields of a list's items that it is filtered by beside the parameters it declares. */
  readonly filters: readonly string[];
}

interface RouteSchema {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly params?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response?: Readonly<Record<string, z.ZodType>>;
}

/** Collects routes as they register and writes the OpenAPI 3.1 document from the very schemas that validate them. */
export class OpenApiDocument {
  readonly #operations: Operation[] = [];

  add(route: RouteOptions, filters: readonly string[]): void {
    const schema = route.schema as RouteSchema | undefined;
    if (schema?.operationId === undefined || !route.url.startsWith("/api/") && !route.url.startsWith("/access/")) return;
    for (const method of [route.method].flat()) {
      if (method === "HEAD") continue;
      const access = route.config?.access;
      this.#operations.push({ method: method.toLowerCase(), path: route.url, schema, access: Array.isArray(access) ? access.join(", ") : String(access), filters });
    }
  }

  /** @param version of the product */
  render(version: string): Record<string, unknown> {
    const paths: Record<string, Record<string, unknown>> = {};
    for (const { method, path, schema, access, filters } of this.#operations.toSorted((a, b) => (a.path + a.method < b.path + b.method ? -1 : 1))) {
      const openPath = path.replaceAll(/:([A-Za-z]+)/g, "{$1}");
      const responses: Record<string, unknown> = {};
      for (const [status, body] of Object.entries(schema.response ?? {})) {
        responses[status] = { description: status.startsWith("2") ? "Done" : "See the body", content: { "application/json": { schema: json(body, "output") } } };
      }
      responses["default"] = { description: "RFC 9457 problem", content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };
      paths[openPath] ??= {};
      paths[openPath][method] = {
        operationId: schema.operationId,
        ...(schema.summary === undefined ? {} : { summary: schema.summary }),
        "x-mandate-access": access,
        ...(filters.length === 0 ? {} : { "x-mandate-filters": filters.join(", ") }),
        parameters: [...parameters(schema.params, "path"), ...parameters(schema.querystring, "query").filter((one) => !filters.includes(one.name))],
        ...(schema.body === undefined ? {} : { requestBody: { required: true, content: { "application/json": { schema: json(schema.body, "input") } } } }),
        responses,
      };
    }
    return {
      openapi: "3.1.0",
      info: { title: "Mandate control API", version },
      security: [{ bearer: [] }],
      paths,
      components: {
        securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
        schemas: {
          Problem: {
            type: "object",
            required: ["type", "title", "status", "detail", "code", "requestId", "remedies"],
            properties: {
              type: { type: "string" },
              title: { type: "string" },
              status: { type: "integer" },
              detail: { type: "string" },
              code: { type: "string" },
              requestId: { type: "string" },
              remedies: { type: "array", minItems: 1, items: { type: "object", required: ["text"], properties: { text: { type: "string" }, command: { type: "string" }, url: { type: "string" } } } },
            },
          },
        },
      },
    };
  }
}

function json(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", reused: "inline" });
  return rest;
}

function parameters(schema: z.ZodType | undefined, where: "path" | "query"): { readonly name: string }[] {
  if (schema === undefined) return [];
  const object = json(schema, "input") as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(object.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || (object.required ?? []).includes(name),
    schema: property,
  }));
}
