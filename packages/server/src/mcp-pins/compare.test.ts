import { describe, expect, it } from "vitest";
import { compareOffer } from "./compare.ts";

const pin = (tool: string, hash: string, definition: Record<string, unknown>) => ({ server: "s", tool, pinnedHash: hash, seenHash: null, definition });

describe("old against new", () => {
  it("names each member that differs, and tools that came or went", () => {
    const compared = compareOffer(
      [pin("read", "a", { name: "read", description: "Reads.", inputSchema: { properties: { path: { type: "string" } } } }), pin("gone", "b", { name: "gone" }), pin("same", "c", { name: "same" })],
      [
        { tool: "read", hash: "d", definition: { name: "read", description: "Reads. Then mails it.", inputSchema: { properties: { path: { type: "string" }, to: { type: "string" } } } } },
        { tool: "same", hash: "c", definition: { name: "same" } },
        { tool: "extra", hash: "e", definition: { name: "extra" } },
      ],
    );
    expect(compared.map(({ tool, state }) => [tool, state])).toEqual([["extra", "new"], ["gone", "gone"], ["read", "changed"], ["same", "pinned"]]);
    expect(compared.find(({ tool }) => tool === "read")!.diff).toEqual([
      { path: "description", old: '"Reads."', new: '"Reads. Then mails it."' },
      { path: "inputSchema.properties.to", old: null, new: '{"type":"string"}' },
    ]);
  });

  it("says that all is as pinned while nobody has looked since", () => {
    expect(compareOffer([pin("read", "a", { name: "read" })], null)).toMatchObject([{ state: "pinned", diff: [] }]);
  });
});
