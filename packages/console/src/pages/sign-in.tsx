import type { Session } from "@mandate/sdk";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { client, isSignedOut, queries, session, signedIn } from "../api.ts";
import { Failed } from "../components/states.tsx";
import { Command } from "../components/ui.tsx";
import { AddPasskey } from "./account/add-passkey.tsx";
import { PasskeySignIn, PasswordSignIn } from "./account/sign-in-ways.tsx";
import { ProviderLinks } from "./federation/provider-links.tsx";
import { Logo } from "../shell/icons.tsx";
import { t } from "../text.ts";
import { signIn as words } from "../text/sign-in.ts";

/** The secret stands after `#`, which no server and no log sees; it leaves the address bar before anything else happens. */
function takeLink(): string | null {
  const link = new URLSearchParams(location.hash.slice(1)).get("link");
  if (link !== null) history.replaceState(null, "", location.pathname);
  return link;
}

/** Signs in with the carried link, then tells who is signed in. One run a page load: effects may run twice, a link is spent once. */
let arrival: Promise<Arrival> | undefined;
interface Arrival {
  readonly who: Session | null;
  readonly spent: boolean;
  readonly error: unknown;
}
async function arrive(): Promise<Arrival> {
  let error: unknown = null;
  let spent = false;
  try {
    const link = takeLink();
    if (link !== null) {
      // Whoever was signed in here before may be someone else.
      queries.removeQueries();
      await client.session.signIn(link).catch((cause: unknown) => {
        error = cause;
        spent = true;
      });
    }
    const who = !spent && (await signedIn()) ? await queries.fetchQuery({ ...session, staleTime: 0 }) : null;
    return { who, spent, error };
  } catch (cause) {
    return { who: null, spent, error: isSignedOut(cause) ? null : cause };
  }
}

export function SignInPage() {
  const [state, setState] = useState<Arrival | undefined>(undefined);
  const navigate = useNavigate();
  const signedInNow = (): void => {
    // Whoever was signed in here before may be someone else.
    queries.clear();
    void navigate({ to: "/" });
  };
  useEffect(() => {
    document.title = `${words.title}, ${t.product}`;
    let here = true;
    const look = (): void => {
      const running = (arrival ??= arrive().finally(() => (arrival = undefined)));
      void running.then((next) => (here ? setState(next) : undefined));
    };
    look();
    // A second link pasted into the same tab changes only the fragment: no load, so no new run by itself.
    const again = (): void => (location.hash.includes("link=") ? look() : undefined);
    addEventListener("hashchange", again);
    return () => {
      here = false;
      removeEventListener("hashchange", again);
    };
  }, []);
  return (
    <main className="alone sign-in">
      <p className="brand">
        <Logo /> {t.product}
      </p>
      {state === undefined ? (
        <p aria-live="polite">{words.busy}</p>
      ) : state.who !== null ? (
        <div className="stack">
          <h1>{words.welcome(state.who.person.name)}</h1>
          <p>
            {words.welcomeText} {state.who.organization}.
          </p>
          <p className="muted small">{words.addWhy}</p>
          <AddPasskey off={state.who.passkeysOff ?? null} />
          <div className="row wrap">
            <Link className="button button-accent" to="/">
              {words.go}
            </Link>
          </div>
        </div>
      ) : (
        <div className="stack">
          <h1>{words.title}</h1>
          {state.error !== null && <Failed error={state.error} what={state.spent ? words.spent : words.title} />}
          {state.spent && <p>{words.spentText}</p>}
          <PasskeySignIn onSignedIn={signedInNow} />
          <ProviderLinks />
          <PasswordSignIn onSignedIn={signedInNow} />
          <h2>{words.linkWay}</h2>
          <p>{words.how}</p>
          <Command>npx mandate person sign-in-link EMAIL</Command>
        </div>
      )}
    </main>
  );
}
