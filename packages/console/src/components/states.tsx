import { MandateError } from "@mandate/sdk";
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { t } from "../text.ts";
import { Button, Command } from "./ui.tsx";

/** Nothing for 300 ms, then skeleton rows of final height. */
export function Loading({ rows = 5 }: { rows?: number }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="skeleton" role="status" aria-label={t.states.loading}>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={late ? "bone" : "bone bone-hidden"} />
      ))}
    </div>
  );
}

export function Failed({ error, what, retry }: { error: unknown; what: string; retry?: (() => void) | undefined }) {
  const known = error instanceof MandateError ? error : undefined;
  const title =
    known?.status === 404 ? t.states.notThere : known?.status === 403 ? t.states.noRight : t.states.failedTitle(what);
  return (
    <div className="notice notice-deny" role="alert">
      <p className="strong">{title}</p>
      <p>
        {known?.status === 404
          ? t.states.notThereMore
          : known?.status === 403
            ? `${known.message} ${t.states.noRightWho}`
            : `${known?.message ?? String(error)} ${t.states.unchanged}`}
      </p>
      {known !== undefined && known.status !== 404 && (
        <ul className="remedies">
          {known.remedies.map((remedy) => (
            <li key={remedy.text}>
              {remedy.text} {remedy.command !== undefined && <Command>{remedy.command}</Command>}
            </li>
          ))}
        </ul>
      )}
      <div className="row wrap">
        {retry !== undefined && known?.status !== 404 && <Button onPress={retry}>{t.states.retry}</Button>}
        {known?.requestId !== null && known?.requestId !== undefined && (
          <span className="muted">
            {t.states.request} <code>{known.requestId}</code>
          </span>
        )}
      </div>
    </div>
  );
}

export function Empty({
  title,
  children,
  action,
  sample = false,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  sample?: boolean;
}) {
  return (
    <div className="empty">
      <p className="strong">{title}</p>
      {children !== undefined && <p className="muted">{children}</p>}
      {action !== undefined && <div className="row wrap">{action}</div>}
      {sample && (
        <p className="muted">
          {t.states.orSample} <Command>{t.states.sampleCommand}</Command>
        </p>
      )}
    </div>
  );
}

export function FilteredEmpty({ filters, clear }: { filters: readonly string[]; clear: () => void }) {
  return (
    <div className="empty">
      <p>{t.states.filtered(filters.join(", "))}</p>
      <Button onPress={clear}>{t.states.clear}</Button>
    </div>
  );
}

/** Loading, failed or the data: the three ways a panel can stand. Data that came before stays while newer is asked for. */
export function Loaded<T>({
  query,
  what,
  rows,
  children,
}: {
  query: UseQueryResult<T>;
  what: string;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Failed error={query.error} what={what} retry={() => void query.refetch()} />;
  return <Loading {...(rows === undefined ? {} : { rows })} />;
}
