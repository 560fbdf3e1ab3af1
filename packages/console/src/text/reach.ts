import { plural } from "./plural.ts";

export const reach = {
  title: "Reach map",
  lead: "What is granted and not refused outright, from what is enforced now. A rule about arguments, or what a session has seen, can refuse more.",
  of: "Who reaches, by part of a name",
  kind: "Kind",
  all: "Everything",
  kinds: { model: "Models", tool: "Tools", dataset: "Datasets", destination: "Destinations", vendor: "Vendors", prompt: "Prompts" },
  system: "System",
  reaches: "Reaches",
  through: "Through",
  itself: "Itself",
  where: "Region, sensitivity",
  outside: "outside its boundary",
  rule: "Rule",
  terms: "Terms",
  owner: "Technical owner",
  empty: "Nothing is reached",
  emptyMore: "No system is granted a model, tool, dataset or destination yet.",
  counted: (n: number, systems: number) => `${plural(n, "way", "ways")} of ${plural(systems, "system", "systems")}`,
  more: (shown: number, total: number) => `The first ${shown} of ${total}. Narrow it down.`,
} as const;
