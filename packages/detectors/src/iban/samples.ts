import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "IBAN DE89 3704 0044 0532 0130 00 AND more", value: "DE89 3704 0044 0532 0130 00", type: "iban" },
    { text: "to GB29NWBK60161331926819,", value: "GB29NWBK60161331926819", type: "iban" },
  ],
  ignore: ["DE89370400440532013001", "ZZ89370400440532013000", "AB12 CDEF 3456"],
};
