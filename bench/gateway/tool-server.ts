import { offeredTools } from "../../packages/gateway/src/mcp/definitions.ts";

/** The one tool of the benchmark's MCP server. */
export const definition = {
  name: "find_order",
  description: "Finds an order by its number.",
  inputSchema: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
};
export const pinned = offeredTools([definition])![0]!;

export const result = {
  content: [{ type: "text", text: "Order A1 was delivered on the ninth. The customer asked about it once. ".repeat(10) }],
};
