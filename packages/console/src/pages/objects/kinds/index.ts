import type { InventoryKind } from "../../kinds.ts";
import type { ObjectKind } from "../kind.ts";
import { agents } from "./agents.tsx";
import { datasets } from "./datasets.tsx";
import { destinations } from "./destinations.tsx";
import { mcpServers } from "./mcp-servers.tsx";
import { models } from "./models.tsx";
import { prompts } from "./prompts.tsx";
import { tools } from "./tools.tsx";
import { vendors } from "./vendors.tsx";

export const objectKinds: Readonly<Record<InventoryKind, ObjectKind>> = { models, prompts, tools, "mcp-servers": mcpServers, agents, datasets, destinations, vendors };
