import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "born 1984-03-07 in Graz", value: "1984-03-07", type: "date" },
    { text: "at 2024-05-01T12:30:00Z.", value: "2024-05-01T12:30:00Z", type: "date" },
    { text: "due 31/12/2025, latest", value: "31/12/2025", type: "date" },
    { text: "on 3rd of March 2021 we", value: "3rd of March 2021", type: "date" },
    { text: "signed July 4, 1999", value: "July 4, 1999", type: "date" },
  ],
  ignore: ["in 1984 we", "version 2024.13.40", "may 5000 people", "10/3 of it", "1.2.3", "march on"],
};
