/** RFC 4180 with `,`, `;` or tab. @returns rows by heading; undefined where it is no CSV of 1 to 500 rows */
export function readCsv(text: string): readonly Readonly<Record<string, string>>[] | undefined {
  const plain = text.replace(/^\uFEFF/, "");
  const [first = ""] = plain.split("\n", 1);
  const delimiter = [";", "\t", ","].toSorted((a, b) => first.split(b).length - first.split(a).length)[0]!;
  const table: string[][] = [[""]];
  let quoted = false;
  for (let at = 0; at < plain.length; at++) {
    const sign = plain[at]!;
    const row = table.at(-1)!;
    if (quoted && sign === '"' && plain[at + 1] === '"') row[row.length - 1] += plain[++at]!;
    else if (sign === '"' && (quoted || row.at(-1) === "")) quoted = !quoted;
    else if (!quoted && sign === delimiter) row.push("");
    else if (!quoted && sign === "\n") table.push([""]);
    else if (quoted || sign !== "\r") row[row.length - 1] += sign;
  }
  const [head = [], ...rows] = table.filter((row) => row.some((cell) => cell.trim() !== ""));
  if (quoted || rows.length === 0 || rows.length > 500 || head.length > 60) return undefined;
  return rows.map((row) =>
    Object.fromEntries(
      head.flatMap((heading, at) =>
        heading.trim() === "" || (row[at] ?? "").trim() === "" ? [] : [[heading.trim(), row[at]!.trim()] as const],
      ),
    ),
  );
}
