const words: Readonly<Record<string, boolean>> = { true: true, false: false };

/**
 * Entra ID writes `"active": "False"` where RFC 7643 §2.3.2 wants a boolean. Read as meant: the other reading of a
 * deactivation that isn't understood is a leaver who stays.
 */
export function tolerant(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("Operations" in body) || !Array.isArray(body.Operations)) return body;
  const operations = (body.Operations as unknown[]).map((one) => {
    if (typeof one !== "object" || one === null || !("value" in one)) return one;
    const { value } = one;
    if ("path" in one && one.path === "active") return { ...one, value: asBoolean(value) };
    if (typeof value === "object" && value !== null && "active" in value) return { ...one, value: { ...value, active: asBoolean(value.active) } };
    return one;
  });
  return { ...body, Operations: operations };
}

function asBoolean(value: unknown): unknown {
  return typeof value === "string" ? (words[value.toLowerCase()] ?? value) : value;
}
