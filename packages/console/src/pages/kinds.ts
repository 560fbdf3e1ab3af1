export const inventoryKinds = ["models", "prompts", "tools", "agents", "datasets", "destinations", "vendors"] as const;
export type InventoryKind = (typeof inventoryKinds)[number];
