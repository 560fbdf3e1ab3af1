import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [{ text: "ssn 536-22-1844.", value: "536-22-1844", type: "us_ssn" }],
  ignore: ["000-12-3456", "666-12-3456", "900-12-3456", "536-00-1844", "078-05-1120", "1536-22-1844"],
};
