import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "card 4111 1111 1111 1111 please", value: "4111 1111 1111 1111", type: "credit_card" },
    { text: "amex 378282246310005.", value: "378282246310005", type: "credit_card" },
    { text: "mc 5105-1051-0510-5100", value: "5105-1051-0510-5100", type: "credit_card" },
  ],
  ignore: [
    "order 4111111111111112",
    "1234567890123456",
    "4000 0000 0000",
    "timestamp 1718236800000",
    "0000 0000 0000 0000",
  ],
};
