import type { Session } from "@mandate/sdk";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { client, isSignedOut, queries, session } from "../api.ts";
import { Failed, Loading } from "../components/states.tsx";
import { Button, Command } from "../components/ui.tsx";
import { Logo } from "../shell/icons.tsx";
import { t } from "../text.ts";

/** The secret stands after `#`, which no server and no log sees; it leaves the address bar before anything else happens. */
function takeLink(): string | null {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  if (link !== null) history.replaceState(null, "", location.pathname);
  return link;
}
const carried = takeLink();

export function SignInPage() {
  const [link, setLink] = useState(carried);
  const [who, setWho] = useState<Session | null | undefined>(undefined);
  const [error, setError] = useState<unknown>(null);
  const [note, setNote] = useState("");
  const look = async (): Promise<void> => {
    try {
      setWho(await queries.fetchQuery({ ...session, staleTime: 0 }));
    } catch (cause) {
      setWho(null);
      if (!isSignedOut(cause)) setError(cause);
    }
  };
  useEffect(() => {
    document.title = `${t.signIn.title}, ${t.product}`;
    void look();
  }, []);
  const spend = async (): Promise<void> => {
    if (link === null) return;
    setError(null);
    try {
      await client.session.signIn(link);
      setLink(null);
      await look();
    } catch (cause) {
      setLink(null);
      setError(cause);
    }
  };
  return (
    <main className="alone sign-in">
      <p className="brand">
        <Logo /> {t.product}
      </p>
      {who === undefined ? (
        <Loading rows={2} />
      ) : who !== null && link === null ? (
        <div className="stack">
          <h1>{t.signIn.welcome(who.person.name)}</h1>
          <p>
            {t.signIn.welcomeText} {who.organization}.
          </p>
          <div className="row wrap">
            <Link className="button button-accent" to="/">
              {t.signIn.go}
            </Link>
            {who.passkeys && (
              <Button onPress={() => setNote(t.signIn.passkeyUnavailable)}>{t.signIn.addPasskey}</Button>
            )}
          </div>
          <p className="muted small" aria-live="polite">
            {note !== "" ? note : who.passkeys ? "" : t.signIn.addLater}
          </p>
        </div>
      ) : (
        <div className="stack">
          <h1>{t.signIn.title}</h1>
          {error !== null && <Failed error={error} what={t.signIn.spent} />}
          {link !== null && (
            <>
              <p>{t.signIn.withLink}</p>
              <Button look="accent" onPress={() => void spend()}>
                {t.signIn.continue}
              </Button>
            </>
          )}
          <Button onPress={() => setNote(t.signIn.passkeyLater)}>{t.signIn.passkey}</Button>
          <p className="muted small" aria-live="polite">
            {note}
          </p>
          <p>{t.signIn.how}</p>
          <Command>npx mandate login</Command>
        </div>
      )}
    </main>
  );
}
