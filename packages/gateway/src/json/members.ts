import { parseStrictObject } from "./strict-json.ts";

/**
 * A body without some of its top-level members and with others in front. Each member that stays keeps its bytes, so that
 * numbers keep the digits that the caller wrote.
 * @throws UnreadableJson
 */
export function withMembers(
  body: Buffer,
  maxDepth: number,
  change: { readonly without: readonly string[]; readonly first: Readonly<Record<string, unknown>> },
): Buffer {
  const members: Buffer[] = Object.entries(change.first).map(([name, value]) =>
    Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}`, "utf8"),
  );
  for (const [name, span] of parseStrictObject(body, maxDepth).spans)
    if (!change.without.includes(name)) members.push(body.subarray(nameStart(body, span.start), span.end));
  const joined = members.flatMap((member, index) => (index === 0 ? [member] : [Buffer.from(","), member]));
  return Buffer.concat([Buffer.from("{"), ...joined, Buffer.from("}")]);
}

/** Where the name of the member whose value starts here begins. */
function nameStart(body: Buffer, value: number): number {
  let at = value - 1;
  while (body[at] !== 0x3a) at--;
  while (body[at] !== 0x22) at--;
  // That was the closing quote; those inside the name are escaped.
  for (;;) {
    do at--;
    while (body[at] !== 0x22);
    let slashes = 0;
    while (body[at - 1 - slashes] === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
}
