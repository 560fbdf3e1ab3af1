import type { Samples } from "../types.ts";

const python = "import os\nimport sys\n\ndef main(args):\n    for one in args:\n        print(one)";
const typescript = "export function add(a: number, b: number): number {\n  const sum = a + b;\n  return sum;\n}";
const sql = "SELECT name FROM people\nINSERT INTO people VALUES (1)\nDELETE FROM people WHERE id = 1";

export const samples: Samples = {
  find: [
    { text: `Review this:\n${typescript}\nplease`, value: typescript, type: "source_code" },
    { text: `${python.slice(0, python.lastIndexOf("\n"))}\nthanks`, value: python.slice(0, python.lastIndexOf("\n")), type: "source_code" },
    { text: sql, value: sql, type: "source_code" },
  ],
  ignore: [
    "Dear team,\nfrom next week we meet on Tuesday.\nRegards,\nAnna",
    "1. Let us meet\n2. Return the keys\n3. For whom it may concern",
    "import duties rose",
  ],
};
