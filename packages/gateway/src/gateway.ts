import type { Gateway, GatewayOptions } from "./options.ts";

/** The data plane. Listens nowhere by itself: `createGatewayServer` or the caller's own `node:http` server does. */
export function createGateway(options: GatewayOptions): Gateway {
  throw new Error(`not wired yet: ${options.clock()}`);
}
