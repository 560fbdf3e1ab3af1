import { useState } from "react";
import { client } from "../../api.ts";
import { TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { browserHasPasskeys, PasskeyDismissed, signWithPasskey } from "../../passkeys.ts";
import type { RequestOptions } from "../../passkeys.ts";
import { signIn as words } from "../../text/sign-in.ts";

/** No e-mail is asked: the passkey says who comes. */
export function PasskeySignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const [error, setError] = useState<unknown>(null);
  const able = browserHasPasskeys();
  const run = async (): Promise<void> => {
    setBusy(true);
    setNote("");
    setError(null);
    try {
      const options = await client.request<RequestOptions>("POST", "/api/v1/session/passkey/options", {});
      await client.request("POST", "/api/v1/session/passkey", { assertion: await signWithPasskey(options) });
      onSignedIn();
    } catch (cause) {
      if (cause instanceof PasskeyDismissed) setNote(words.dismissed);
      else setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="stack">
      <Button look="accent" isDisabled={busy || !able} onPress={() => void run()}>
        {words.passkey}
      </Button>
      <p className="muted small" role="status">
        {note !== "" ? note : able ? words.passkeyHint : words.passkeyUnavailable}
      </p>
      {error !== null && <Failed error={error} what={words.passkey} />}
    </div>
  );
}

export function PasswordSignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [error, setError] = useState<unknown>(null);
  const ready = email.trim() !== "" && password !== "" && /^[0-9]{6}$/.test(code);
  const run = async (): Promise<void> => {
    setError(null);
    try {
      await client.request("POST", "/api/v1/session/password", { email: email.trim(), password, code });
      onSignedIn();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <details>
      <summary>{words.passwordWay}</summary>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void run();
        }}
      >
        <TextInput label={words.email} type="email" value={email} onChange={setEmail} />
        <TextInput label={words.password} type="password" value={password} onChange={setPassword} />
        <TextInput label={words.code} value={code} onChange={setCode} />
        {error !== null && <Failed error={error} what={words.title} />}
        <Button type="submit" isDisabled={!ready}>
          {words.passwordDo}
        </Button>
      </form>
    </details>
  );
}
