import type { ReactNode } from "react";
import type { Column } from "../../../components/data-table.tsx";
import { Button, Panel } from "../../../components/ui.tsx";

interface FrameWords {
  readonly title: string;
  readonly lead: string;
  /** Who may change it, told to those who may not. */
  readonly only: string;
  readonly add: string;
}

/** A list of the installation's own that administrators add to, and others read. */
export function Frame({ words, administers, onAdd, children }: { words: FrameWords; administers: boolean; onAdd: () => void; children: ReactNode }) {
  return (
    <Panel
      title={words.title}
      aside={
        administers && (
          <Button look="quiet" onPress={onAdd}>
            {words.add}
          </Button>
        )
      }
    >
      <div className="panel-body">
        <p className="muted small">{words.lead}</p>
        {!administers && <p className="muted small">{words.only}</p>}
      </div>
      {children}
    </Panel>
  );
}

/** Change and remove, for administrators alone. */
export function actionColumn<T extends { readonly name: string }>(words: { readonly actions: string; readonly change: string; readonly remove: string }, administers: boolean, open: (what: "form" | "remove", row: T) => void): readonly Column<T>[] {
  if (!administers) return [];
  return [
    {
      id: "do",
      title: words.actions,
      cell: (row) => (
        <span className="row wrap">
          <Button look="quiet" aria-label={`${words.change} ${row.name}`} onPress={() => open("form", row)}>
            {words.change}
          </Button>
          <Button look="quiet" aria-label={`${words.remove} ${row.name}`} onPress={() => open("remove", row)}>
            {words.remove}
          </Button>
        </span>
      ),
    },
  ];
}
