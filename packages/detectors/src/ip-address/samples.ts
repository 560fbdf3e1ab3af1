import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "from 203.0.113.9, port 80", value: "203.0.113.9", type: "ip_address" },
    { text: "at 2001:db8::8a2e:370:7334 now", value: "2001:db8::8a2e:370:7334", type: "ip_address" },
  ],
  ignore: ["version 1.2.3.4.5", "256.1.1.1", "12:30:45", "std::vector", "1.2.3", "v1.2.3.4"],
};
