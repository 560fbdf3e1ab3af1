export const inventoryKinds = ["models", "prompts", "tools", "mcp-servers", "agents", "datasets", "destinations", "vendors"] as const;
export type InventoryKind = (typeof inventoryKinds)[number];
/** What a list of any kind can be narrowed by; the kind says which of them it has. */
export const inventoryFilters = ["vendor", "region", "grade", "effect", "server", "pin", "sensitivity", "class", "training", "terms", "kind", "owner", "used"] as const;
export type InventoryFilter = (typeof inventoryFilters)[number];
