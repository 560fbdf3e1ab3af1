export { openPayload } from "./seal/open-payload.ts";
