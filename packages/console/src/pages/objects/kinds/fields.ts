import { t } from "../../../text.ts";
import { objects as words } from "../../../text/objects.ts";
import type { Field } from "../kind.ts";

type Options = readonly (readonly [string, string])[];
const unsaid: readonly [string, string] = ["", t.cantTell];
const options = (of: readonly string[], labels: Readonly<Record<string, string>> = {}): Options => of.map((one) => [one, labels[one] ?? one] as const);

// Fields that several kinds have, with the same words everywhere.
export const owner: Field = { name: "owner", label: words.field.owner, type: "text", help: "name@example.com" };
export const region: Field = { name: "region", label: words.field.region, type: "text" };
export const retention: Field = { name: "retention", label: words.field.retention, type: "text", help: "0d, 30d, 2y" };
export const classes: Field = { name: "classes", label: words.field.classes, type: "lines" };
export const purposes: Field = { name: "purposes", label: words.field.purposes, type: "lines" };
export const training: Field = { name: "training", label: words.field.training, type: "choice", options: [["never", words.training.never], ["allowed", words.training.allowed], ["unknown", words.training.unknown]] };
export const visibility: Field = { name: "visibility", label: words.field.visibility, type: "choice", options: [unsaid, ...options(["full", "metadata", "none"])] };
export const sensitivity = (name: "sensitivity" | "maxSensitivity"): Field => ({ name, label: words.field[name], type: "choice", options: options(["public", "internal", "confidential", "restricted"], t.sensitivity) });
export const choice = (name: string, label: string, of: readonly string[]): Field => ({ name, label, type: "choice", options: options(of) });
