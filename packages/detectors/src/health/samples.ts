import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "The patient was diagnosed with hepatitis C in May", value: "hepatitis C", type: "health" },
    { text: "She takes sertraline daily", value: "sertraline", type: "health" },
    { text: "diagnosis ICD-10 F32.1 confirmed", value: "F32.1", type: "health" },
  ],
  ignore: ["the economy is in good health", "model A12.3 of the pump", "aided by friends"],
};
