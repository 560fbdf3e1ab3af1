import { Button } from "react-aria-components/Button";
import { Menu, MenuItem, MenuTrigger } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { t } from "../text.ts";

/** What can be done with a row, behind one quiet button, so that a table stays a table. */
export function RowMenu({
  of,
  actions,
}: {
  of: string;
  actions: readonly { readonly word: string; readonly danger?: boolean; readonly act: () => void }[];
}) {
  if (actions.length === 0) return null;
  return (
    <MenuTrigger>
      <Button className="button button-quiet menu-button" aria-label={t.table.actionsFor(of)}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="currentColor">
          <circle cx="3" cy="8" r="1.4" />
          <circle cx="8" cy="8" r="1.4" />
          <circle cx="13" cy="8" r="1.4" />
        </svg>
      </Button>
      <Popover className="menu-popover" placement="bottom end">
        <Menu className="menu">
          {actions.map(({ word, danger, act }) => (
            <MenuItem key={word} className={danger === true ? "menu-item is-deny" : "menu-item"} onAction={act}>
              {word}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
