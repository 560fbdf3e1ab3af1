import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { isSignedOut, renewSession, session } from "../api.ts";
import { Button, useNow } from "../components/ui.tsx";
import { t } from "../text.ts";

const warnMs = 10 * 60_000;

/** Warns before the session ends, and says so after. Drafts stay where they are: nothing is reloaded. */
export function SessionEnding() {
  const who = useQuery(session);
  const now = useNow(15_000);
  const ends = who.data?.expiresAt == null ? Number.POSITIVE_INFINITY : Date.parse(who.data.expiresAt);
  const left = ends - now;
  const over = left <= 0;
  const { refetch } = who;
  // What is known of the end may be older than the last use: only the server says that it ended.
  useEffect(() => {
    if (over) void refetch();
  }, [over, refetch]);
  if (isSignedOut(who.error))
    return (
      <div className="notice notice-deny row wrap" role="alert">
        <span className="grow">{t.ending.ended}</span>
        <a className="button" href="/sign-in" target="_blank" rel="noreferrer">
          {t.ending.signIn}
        </a>
        <Button onPress={() => void renewSession()}>{t.ending.again}</Button>
      </div>
    );
  if (over || left > warnMs) return null;
  return (
    <div className="notice notice-hold row wrap" role="status">
      <span className="grow">{t.ending.soon(Math.max(1, Math.round(left / 60_000)))}</span>
      <Button onPress={() => void who.refetch()}>{t.ending.stay}</Button>
    </div>
  );
}
