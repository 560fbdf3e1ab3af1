import type { ReactNode } from "react";
import type { InventoryRow } from "../../api-types.ts";
import type { Column } from "../../components/data-table.tsx";
import type { InventoryFilter, InventoryKind } from "../kinds.ts";
import type { RegisterObject, Spec, UseDetail, UseRow } from "./queries.ts";

export interface Row extends InventoryRow {
  /** Undefined: not there yet. Null: it did not come. */
  readonly use: UseRow | null | undefined;
}

export interface Filter {
  readonly id: InventoryFilter;
  readonly title: string;
  /** Values that a row has of it. */
  readonly values: (row: Row) => readonly string[];
}

/** A member that a person may change here. What isn't listed is changed in the manifest. */
export type Field =
  | { readonly name: string; readonly label: string; readonly type: "text" | "date" | "lines" | "prose"; readonly help?: string }
  | { readonly name: string; readonly label: string; readonly type: "choice"; readonly options: readonly (readonly [string, string])[]; readonly help?: string };

export interface PartProps {
  readonly object: RegisterObject;
  readonly use: UseDetail | undefined;
}

/** What one kind of register object shows of its own; list and page are the same for all. */
export interface ObjectKind {
  readonly plural: InventoryKind;
  /** The word before the colon in references. */
  readonly reference: string;
  /** Columns between the name and who uses it. */
  readonly columns: readonly Column<Row>[];
  readonly filters: readonly Filter[];
  readonly facts: (spec: Spec) => readonly ((readonly [label: string, value: ReactNode]) | undefined)[];
  readonly fields: readonly Field[];
  /** Main column, above who may use it. */
  readonly Parts?: (props: PartProps) => ReactNode;
  readonly Actions?: (props: PartProps) => ReactNode;
  /** What a change of it does to authorizations (docs: reassessment). */
  readonly reopens: readonly (readonly [cls: "A" | "B" | "C", what: string])[];
  /** False where no system may be told from what is enforced. */
  readonly hasReach: boolean;
}
