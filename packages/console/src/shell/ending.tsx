import { useQuery } from "@tanstack/react-query";
import { session } from "../api.ts";
import { Button, useNow } from "../components/ui.tsx";
import { t } from "../text.ts";

const warnMs = 10 * 60_000;

/** Warns before the session ends. Drafts stay where they are: nothing is reloaded. */
export function SessionEnding() {
  const who = useQuery(session);
  const now = useNow(15_000);
  const ends = who.data?.expiresAt == null ? Number.POSITIVE_INFINITY : Date.parse(who.data.expiresAt);
  const left = ends - now;
  if (!Number.isFinite(left) || left > warnMs || left <= 0) return null;
  return (
    <div className="notice notice-hold row wrap" role="status">
      <span>{t.account.ending(Math.max(1, Math.round(left / 60_000)))}</span>
      <Button onPress={() => void who.refetch()}>{t.account.stay}</Button>
    </div>
  );
}
