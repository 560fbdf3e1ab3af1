import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "call +49 30 901820 today", value: "+49 30 901820", type: "phone" },
    { text: "(415) 555-2671", value: "(415) 555-2671", type: "phone" },
    { text: "415-555-2671x12", value: "415-555-2671x12", type: "phone" },
  ],
  ignore: ["order 4155552671", "2024-06-13", "1+2 3 4", "100-200-300 units"],
};
