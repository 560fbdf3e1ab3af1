import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "ssn 536-22-1844.", value: "536-22-1844", type: "us_ssn" },
    { text: "it is 536.22.1844 now", value: "536.22.1844", type: "us_ssn" },
    { text: "SSN: 536221844", value: "536221844", type: "us_ssn" },
    { text: "My social security number is 536-221844", value: "536-221844", type: "us_ssn" },
    { text: "social security no. 53622-1844", value: "53622-1844", type: "us_ssn" },
  ],
  ignore: ["000-12-3456", "666-12-3456", "900-12-3456", "536-00-1844", "078-05-1120", "1536-22-1844", "536221844", "order 536-221844", "zip 53622-1844", "v1.536.22.1844", "a social event for 536221844000"],
};
