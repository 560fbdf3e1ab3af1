/** `model:gpt` as kind and name. */
export function splitReference(reference: string): { readonly kind: string; readonly name: string } {
  const at = reference.indexOf(":");
  return { kind: reference.slice(0, at), name: reference.slice(at + 1) };
}
