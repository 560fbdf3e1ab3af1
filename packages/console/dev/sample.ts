/** A believable organization, as the API would answer. */
export * from "./sample-care.ts";
export * from "./sample-company.ts";
export * from "./sample-evidence.ts";
export * from "./sample-overview.ts";
export * from "./sample-reach.ts";
