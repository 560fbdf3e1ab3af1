import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "born 1984-03-07 in Graz", value: "1984-03-07", type: "date" },
    { text: "at 2024-05-01T12:30:00Z.", value: "2024-05-01T12:30:00Z", type: "date" },
    { text: "due 31/12/2025, latest", value: "31/12/2025", type: "date" },
    { text: "on 3rd of March 2021 we", value: "3rd of March 2021", type: "date" },
    { text: "signed July 4, 1999", value: "July 4, 1999", type: "date" },
    { text: "seen 5-May-2021 again", value: "5-May-2021", type: "date" },
    { text: "back on 21-May then", value: "21-May", type: "date" },
    { text: "since March 2019 here", value: "March 2019", type: "date" },
    { text: "am 3. März 2021 um", value: "3. März 2021", type: "date" },
    { text: "le 14 juillet 1989 à", value: "14 juillet 1989", type: "date" },
    { text: "el 2 de mayo de 2008", value: "2 de mayo de 2008", type: "date" },
    { text: "il 9 maggio 1978.", value: "9 maggio 1978", type: "date" },
    { text: "She was born in 1984.", value: "1984", type: "date" },
    { text: "Year of birth: 1959", value: "1959", type: "date" },
  ],
  ignore: ["in 1984 we", "version 2024.13.40", "may 5000 people", "10/3 of it", "1.2.3", "march on", "founded in 1977", "see you Friday", "newborn in 12 of 1999", "mai 19 99"],
};
