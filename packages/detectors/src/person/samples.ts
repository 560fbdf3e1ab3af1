import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "Name:    Nayla Montero", value: "Nayla Montero", type: "person" },
    { text: "Ask Jonas Brandt about it", value: "Jonas Brandt", type: "person" },
    { text: "My name is Okonkwo Adaeze.", value: "Okonkwo Adaeze", type: "person" },
    { text: "Dear Mr. Xhaferaj, thank you", value: "Xhaferaj", type: "person" },
    { text: "Zoë van der Berg called", value: "Zoë van der Berg", type: "person" },
  ],
  ignore: ["The Tuesday meeting", "Customer Support is closed", "jonas the prophet", "Please wait"],
};
