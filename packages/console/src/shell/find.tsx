import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { inventory, systems } from "../api.ts";
import { Sheet } from "../components/dialog.tsx";
import { inventoryKinds } from "../pages/kinds.ts";
import { t } from "../text.ts";
import { leaked } from "../text/leaked.ts";
import { findKey, looksLikeKey } from "./find-key.ts";
import type { Found } from "./find-key.ts";

interface Hit {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  readonly go: () => void;
}
const pages = [
  ["overview", "/"],
  ["systems", "/systems"],
  ["approvals", "/approvals"],
  ["findings", "/findings"],
  ["evidence", "/evidence"],
  ["models", "/models"],
  ["tools", "/tools"],
  ["mcp-servers", "/mcp-servers"],
  ["prompts", "/prompts"],
  ["datasets", "/datasets"],
  ["destinations", "/destinations"],
  ["vendors", "/vendors"],
  ["agents", "/agents"],
  ["credentials", "/credentials"],
  ["documents", "/documents"],
  ["reassessments", "/reassessments"],
  ["incidents", "/incidents"],
  ["risks", "/risks"],
  ["reviews", "/reviews"],
  ["legal-reviews", "/legal-reviews"],
  ["policies", "/policies"],
  ["exceptions", "/exceptions"],
  ["frameworks", "/frameworks"],
  ["settings", "/settings"],
] as const;

/** A combobox over pages, systems and decision ids. Arrow keys choose, Enter goes. */
export function Find({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [key, setKey] = useState<Found | null>(null);
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const list = useQuery({ ...systems(), enabled: open });
  const asked = typed.trim().toLowerCase();
  const subject = /^what can (.*?)( reach)?\??$/.exec(asked)?.[1];
  const words = (subject ?? asked).trim();
  // Two letters, so that opening the box alone asks nothing of eight lists.
  const objects = useQueries({ queries: inventoryKinds.map((kind) => ({ ...inventory(kind), enabled: open && subject === undefined && words.length > 1 })) }).flatMap(({ data }, at) =>
    (data?.items ?? []).filter((one) => `${one.name} ${one.title ?? ""}`.toLowerCase().includes(words)).map((one) => ({ kind: inventoryKinds[at] ?? "models", ...one })),
  );
  const found = (list.data?.items ?? [])
    .filter((system) => words !== "" && `${system.name} ${system.title}`.toLowerCase().includes(words))
    .slice(0, 8);
  const hits: Hit[] = [
    ...(key === null
      ? []
      : [
          {
            key: "leaked",
            title: key.row === undefined ? leaked.unknown : leaked.hit(key.row.name),
            note: key.row === undefined ? leaked.unknownNote : leaked.note,
            go: () => (key.row === undefined ? undefined : void navigate({ to: "/credentials", search: { leaked: key.row.id } })),
          },
        ]),
    ...found.map((system) => ({
      key: system.name,
      title: subject === undefined ? system.title : t.find.reach(system.title),
      note: `${t.find.system}, ${system.tier}`,
      go: () =>
        void navigate({
          to: "/systems/$name",
          params: { name: system.name },
          search: subject === undefined ? {} : { tab: "flows" },
        }),
    })),
    ...(words.length > 1 && subject === undefined ? objects : []).slice(0, 6).map((one) => ({
      key: `${one.kind}/${one.name}`,
      title: one.title ?? one.name,
      note: t.nav[one.kind],
      go: () => void navigate({ to: `/${one.kind}/$name` as "/models/$name", params: { name: one.name } }),
    })),
    ...(/^dec_[\w-]+$/.test(asked)
      ? [
          {
            key: asked,
            title: asked,
            note: t.find.decision,
            go: () => void navigate({ to: "/evidence/$id", params: { id: typed.trim() } }),
          },
        ]
      : []),
    ...(subject === undefined
      ? [
          ["register", "/register", t.find.register] as const,
          ["check", "/check", t.find.check] as const,
          ...pages.map(([key, to]) => [key, to, t.nav[key]] as const),
        ]
      : []
    )
      .filter(([, , title]) => title.toLowerCase().includes(words))
      .slice(0, 8)
      .map(([key, to, title]) => ({
        key: `page-${key}`,
        title,
        note: to,
        go: () => void navigate({ to: to as "/models" }),
      })),
  ];
  const chosen = Math.min(at, hits.length - 1);
  const close = (): void => {
    setTyped("");
    setKey(null);
    setAt(0);
    onClose();
  };
  return (
    <Sheet open={open} onClose={close} title={t.find.title} wide>
      <input
        className="find-input"
        role="combobox"
        aria-expanded="true"
        aria-controls="find-hits"
        aria-label={t.find.title}
        aria-activedescendant={hits[chosen] === undefined ? undefined : `hit-${chosen}`}
        autoFocus
        placeholder={t.find.placeholder}
        value={typed}
        onChange={(event) => {
          const text = event.target.value;
          setAt(0);
          setKey(null);
          // INVARIANT: a key is hashed here and taken out of the field; neither state nor any request ever holds it.
          if (looksLikeKey(text)) {
            setTyped("");
            void findKey(text).then(setKey, () => setKey({}));
          } else setTyped(text);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(hits.length - 1, chosen + 1));
          else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
          else if (event.key === "Enter" && hits[chosen] !== undefined) {
            hits[chosen].go();
            close();
          } else return;
          event.preventDefault();
        }}
      />
      <ul id="find-hits" role="listbox" aria-label={t.find.title} className="hits">
        {hits.map((hit, index) => (
          <li
            key={hit.key}
            id={`hit-${index}`}
            role="option"
            aria-selected={index === chosen}
            className={index === chosen ? "hit chosen" : "hit"}
            onMouseDown={(event) => {
              event.preventDefault();
              hit.go();
              close();
            }}
          >
            <span>{hit.title}</span>
            <span className="muted small">{hit.note}</span>
          </li>
        ))}
        {hits.length === 0 && (
          <li className="muted" role="option" aria-selected="false" aria-disabled="true">
            {t.find.nothing}
          </li>
        )}
      </ul>
    </Sheet>
  );
}
