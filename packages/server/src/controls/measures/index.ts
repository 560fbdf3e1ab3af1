import type { Measure } from "../measure.ts";
import { improvement, log, oversight } from "./assurance.ts";
import { identity } from "./identity.ts";
import { inventory } from "./inventory.ts";
import { ownership } from "./ownership.ts";
import { release } from "./release.ts";
import { data, runtime } from "./runtime.ts";
import { tiers } from "./tiers.ts";


/** How each control is measured, by its id. */
export const measures: ReadonlyMap<string, Measure> = new Map([...ownership, ...inventory, ...tiers, ...release, ...runtime, ...data, ...identity, ...log, ...oversight, ...improvement].map((one) => [one.control, one]));
