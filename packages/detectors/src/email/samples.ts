import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "Write to jane.doe+x@mail.example.co.uk.", value: "jane.doe+x@mail.example.co.uk", type: "email" },
    { text: "<a_b@x.io>", value: "a_b@x.io", type: "email" },
  ],
  ignore: ["meet @ noon", "user@localhost", "@handle", "a@b"],
};
