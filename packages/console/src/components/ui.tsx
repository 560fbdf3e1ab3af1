import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import type { ButtonProps } from "react-aria-components/Button";
import { clock, exact, relative } from "../format.ts";
import { toggleLive, useLive } from "../live.ts";
import { t } from "../text.ts";

export function Button({
  look = "plain",
  className,
  ...props
}: Omit<ButtonProps, "className"> & {
  look?: "plain" | "accent" | "danger" | "danger-quiet" | "quiet";
  className?: string;
}) {
  return <AriaButton {...props} className={`button button-${look} ${className ?? ""}`} />;
}

export function Panel({
  title,
  aside,
  children,
  id,
  className,
}: {
  title: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  id?: string;
  className?: string;
}) {
  return (
    <section className={`panel ${className ?? ""}`} {...(id === undefined ? {} : { id })}>
      <header className="panel-head">
        <h2>{title}</h2>
        {aside !== undefined && <div className="panel-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function PageHead({ title, children, crumbs }: { title: ReactNode; children?: ReactNode; crumbs?: ReactNode }) {
  useEffect(() => {
    document.title = typeof title === "string" ? `${title}, ${t.product}` : t.product;
  }, [title]);
  return (
    <div className="page-head">
      <div className="page-title">
        {crumbs}
        <h1>{title}</h1>
      </div>
      {children !== undefined && <div className="page-actions">{children}</div>}
    </div>
  );
}

/** Relative under a day, exact on hover and to readers of the markup. */
export function Time({ at }: { at: string | null | undefined }) {
  if (at === null || at === undefined) return <>{t.cantTell}</>;
  return (
    <time dateTime={at} title={exact(at)}>
      {relative(at)}
    </time>
  );
}

export function Facts({
  rows,
  className,
}: {
  rows: readonly (readonly [ReactNode, ReactNode] | undefined)[];
  className?: string;
}) {
  return (
    <dl className={`facts ${className ?? ""}`}>
      {rows.map((row, index) =>
        row === undefined ? null : (
          <div key={index}>
            <dt>{row[0]}</dt>
            <dd>{row[1]}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

export function LiveDot() {
  const { state, since } = useLive();
  const word =
    state === "live"
      ? t.live.live
      : state === "paused"
        ? t.live.paused
        : state === "connecting"
          ? t.live.connecting
          : t.live.stale(`${clock(new Date(since).toISOString())} UTC`);
  return (
    <span className="live">
      <i className={`dot dot-${state}`} aria-hidden="true" />
      <span aria-live="polite">{word}</span>
      <button type="button" className="link-button" onClick={toggleLive}>
        {state === "paused" ? t.live.resume : t.live.pause}
      </button>
    </span>
  );
}

export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Command({ children }: { children: string }) {
  return (
    <span className="command">
      <code>{children}</code>
      <CopyButton value={children} />
    </span>
  );
}

export function CopyButton({
  value,
  label = t.action.copy,
  done = t.action.copied,
}: {
  value: string;
  label?: string;
  done?: string;
}) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      look="quiet"
      aria-label={copied ? done : `${label}: ${value.length > 60 ? `${value.slice(0, 60)}…` : value}`}
      onPress={() => {
        void navigator.clipboard
          ?.writeText(value)
          .then(() => setCopied(true))
          .catch(() => setCopied(false));
      }}
    >
      {copied ? done : label}
    </Button>
  );
}

/** A secret shown once: it lives in this component's props and nowhere else. */
export function CopyOnce({ secret, notAfter, onDone }: { secret: string; notAfter: string; onDone?: () => void }) {
  return (
    <section className="copy-once" aria-label={t.copyOnce.title}>
      <p className="strong">{t.copyOnce.once}</p>
      <code className="secret">{secret}</code>
      <div className="row wrap">
        <CopyButton value={secret} label={t.copyOnce.copy} done={t.copyOnce.copied} />
        <span className="muted">
          {t.copyOnce.ends} {exact(notAfter)}
        </span>
        {onDone !== undefined && <Button onPress={onDone}>{t.copyOnce.done}</Button>}
      </div>
    </section>
  );
}

export function SystemLink({ name, children }: { name: string; children?: ReactNode }) {
  return (
    <Link to="/systems/$name" params={{ name }}>
      {children ?? name}
    </Link>
  );
}
