export { outboundRequest } from "./request.ts";
export type { OutboundAnswer, OutboundRequest } from "./request.ts";
