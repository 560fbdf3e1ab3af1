/** Which data classes a detector's finding type belongs to. What is no finding type is a class already. */
const classesOfType: ReadonlyMap<string, readonly string[]> = new Map([
  ["email", ["personal"]],
  ["phone", ["personal"]],
  ["person", ["personal"]],
  ["address", ["personal"]],
  ["date", ["personal"]],
  ["us_ssn", ["personal"]],
  ["ip_address", ["personal"]],
  ["iban", ["personal", "payment"]],
  ["credit_card", ["payment"]],
]);

/** Data classes of mixed finding types and class names, each once. Every `secret.*` is the class `secret`. */
export function dataClasses(names: readonly string[]): readonly string[] {
  if (names.length === 0) return names;
  const classes = new Set<string>();
  for (const name of names) {
    if (name.startsWith("secret.")) classes.add("secret");
    else for (const dataClass of classesOfType.get(name) ?? [name]) classes.add(dataClass);
  }
  return [...classes];
}
