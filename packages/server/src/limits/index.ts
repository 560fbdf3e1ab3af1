export { createLeases } from "./create-leases.ts";
