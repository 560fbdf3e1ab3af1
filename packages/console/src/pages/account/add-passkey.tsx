import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { exact } from "../../format.ts";
import { browserHasPasskeys, makePasskey, PasskeyDismissed, signWithPasskey } from "../../passkeys.ts";
import type { CreationOptions, RequestOptions } from "../../passkeys.ts";
import { account as accountWords } from "../../text/account.ts";
import { signIn as signInWords } from "../../text/sign-in.ts";

/** What the browser is, in two words: a name a person recognizes and can change. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const system = /iPhone|iPad|Android|Windows|Mac OS X|CrOS|Linux/.exec(agent)?.[0].replace("Mac OS X", "Mac") ?? "";
  return system === "" ? "Passkey" : `Passkey on ${system}`;
}

/** With a passkey already, that one confirms first; the new one is made in the same step. */
export function AddPasskey({ off, onAdded }: { off: string | null; onAdded?: () => void }) {
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const [error, setError] = useState<unknown>(null);
  const add = async (): Promise<void> => {
    setBusy(true);
    setNote("");
    setError(null);
    try {
      const options = await client.request<{ creation: CreationOptions; confirmation: RequestOptions | null }>(
        "POST",
        "/api/v1/account/passkeys/options",
        {},
      );
      const confirmation = options.confirmation === null ? null : await signWithPasskey(options.confirmation);
      const registration = await makePasskey(options.creation);
      const added = await client.request<{ coolingUntil: string | null }>("POST", "/api/v1/account/passkeys", {
        name: deviceName(),
        registration,
        confirmation,
      });
      setNote(added.coolingUntil === null ? accountWords.added : accountWords.addedCooling(exact(added.coolingUntil)));
      await queries.invalidateQueries({ queryKey: ["account"] });
      onAdded?.();
    } catch (cause) {
      if (cause instanceof PasskeyDismissed) setNote(accountWords.dismissed);
      else setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const why = off ?? (browserHasPasskeys() ? null : signInWords.passkeyUnavailable);
  return (
    <div className="stack">
      <div className="row wrap">
        <Button look="accent" isDisabled={busy || why !== null} onPress={() => void add()}>
          {accountWords.add}
        </Button>
        <span className="muted small">{why ?? accountWords.addHint}</span>
      </div>
      <p role="status" className="small">
        {note}
      </p>
      {error !== null && <Failed error={error} what={accountWords.add} />}
    </div>
  );
}
