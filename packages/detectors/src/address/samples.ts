import type { Samples } from "../types.ts";

export const samples: Samples = {
  find: [
    { text: "My zip code is 71382", value: "zip code is 71382", type: "address" },
    { text: "lives at 24 Clarke Avenue, Leeds", value: "24 Clarke Avenue", type: "address" },
    { text: "Versand an Lindenstraße 61 bitte", value: "Lindenstraße 61", type: "address" },
    { text: "au 57 avenue Jules Ferry.", value: "57 avenue Jules Ferry", type: "address" },
    { text: "Send it to Calle Mayor 5 now", value: "Calle Mayor 5", type: "address" },
    { text: "P.O. Box 4521", value: "P.O. Box 4521", type: "address" },
    { text: "in Springfield, IL 62704 since", value: "Springfield, IL 62704", type: "address" },
  ],
  ignore: ["During 1971 it was sold", "3 ways to go", "the street is long", "via mail at 5", "room 12", "$24 a place"],
};
