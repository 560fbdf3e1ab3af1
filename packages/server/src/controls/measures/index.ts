import type { Measure } from "../measure.ts";
import { improvement, log, oversight } from "./assurance.ts";
import { identity } from "./identity.ts";
import { inventory } from "./inventory.ts";
import { ownership } from "./ownership.ts";
import { release } from "./release.ts";
import { data, runtime } from "./runtime.ts";
import { tiers } from "./tiers.ts";

/** What INV-03 needs is written by discovery; without it nothing outside the record is known to be triaged late. */
const unwatched: Measure = { control: "INV-03", kind: "unmeasured", why: "Nothing here looks for AI use outside the record yet, so that none is left untriaged can't be told." };

/** How each control is measured, by its id. */
export const measures: ReadonlyMap<string, Measure> = new Map([...ownership, ...inventory, unwatched, ...tiers, ...release, ...runtime, ...data, ...identity, ...log, ...oversight, ...improvement].map((one) => [one.control, one]));
