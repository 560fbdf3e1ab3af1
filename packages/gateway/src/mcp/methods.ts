import type { McpMethodTool } from "@mandate/model";

/** How a client's request is treated. Methods that are not here are refused: what isn't understood isn't passed on (G11). */
export type Handling =
  /** Opens a session, or says what a server can do. */
  | "handshake"
  | "tool"
  /** Answered here: from the register, or because nothing of it concerns the server. */
  | "local"
  /** Decided as a tool of the server: `mcpMethodTools`. */
  | McpMethodTool
  /** Concerns the connection alone. */
  | "connection"
  | "listen";

interface Method {
  readonly handling: Handling;
  /** Absent: both. */
  readonly only?: "sessions" | "stateless";
}

const clientMethods: Readonly<Record<string, Method>> = {
  initialize: { handling: "handshake", only: "sessions" },
  "server/discover": { handling: "handshake", only: "stateless" },
  ping: { handling: "local", only: "sessions" },
  "tools/list": { handling: "local" },
  "tools/call": { handling: "tool" },
  "resources/list": { handling: "resources/read" },
  "resources/templates/list": { handling: "resources/read" },
  "resources/read": { handling: "resources/read" },
  "resources/subscribe": { handling: "resources/read", only: "sessions" },
  "resources/unsubscribe": { handling: "resources/read", only: "sessions" },
  "prompts/list": { handling: "prompts/get" },
  "prompts/get": { handling: "prompts/get" },
  "completion/complete": { handling: "completion/complete" },
  "logging/setLevel": { handling: "connection", only: "sessions" },
  "subscriptions/listen": { handling: "listen", only: "stateless" },
};

export function handlingOf(method: string, stateless: boolean): Handling | null {
  const known = Object.hasOwn(clientMethods, method) ? clientMethods[method]! : null;
  if (known === null || (known.only === "sessions" && stateless) || (known.only === "stateless" && !stateless)) return null;
  return known.handling;
}

/** What a server may ask of a client, and the capability the client must have declared for it. */
export const serverRequests: Readonly<Record<string, { readonly tool: McpMethodTool; readonly capability: string }>> = {
  "roots/list": { tool: "roots/list", capability: "roots" },
  "sampling/createMessage": { tool: "sampling/createMessage", capability: "sampling" },
  "elicitation/create": { tool: "elicitation/create", capability: "elicitation" },
};

export const serverNotifications: ReadonlySet<string> = new Set([
  "notifications/progress",
  "notifications/message",
  "notifications/cancelled",
  "notifications/resources/updated",
  "notifications/resources/list_changed",
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/elicitation/complete",
  "notifications/subscriptions/acknowledged",
]);

/** What goes on of a client's notification: its effect on the protocol, none of its words. */
export const clientNotifications: Readonly<Record<string, readonly string[]>> = {
  "notifications/initialized": [],
  "notifications/cancelled": ["requestId"],
  "notifications/progress": ["progressToken", "progress", "total"],
  "notifications/roots/list_changed": [],
};

/** Capabilities of a server that this gateway can govern, and the method that must be granted for each. */
export const serverCapabilities: Readonly<Record<string, McpMethodTool | null>> = {
  tools: null,
  logging: null,
  resources: "resources/read",
  prompts: "prompts/get",
  completions: "completion/complete",
};
