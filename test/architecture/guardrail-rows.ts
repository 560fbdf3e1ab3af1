/** The rows of docs/policies.md: id, code and reason of each guardrail, in the order of the file. */
export function guardrailRows(cedar: string): string[] {
  return cedar
    .split(/^(?=@id\()/m)
    .slice(1)
    .map((policy) => {
      const of = (name: string): string | undefined =>
        new RegExp(`@${name}\\("((?:[^"\\\\]|\\\\.)*)"\\)`).exec(policy)?.[1];
      const permits = /^permit\b/m.test(policy);
      return `| \`${of("id") ?? ""}\` | \`${of("code") ?? (permits ? "permit" : "")}\` | ${of("because") ?? (permits ? "Allows what no guardrail refuses." : "")} |`;
    });
}
