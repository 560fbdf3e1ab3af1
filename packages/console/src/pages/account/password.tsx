import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, CopyButton } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { account as words } from "../../text/account.ts";
import type { AccountView } from "./account.tsx";
import { ReasonlessDialog } from "./confirm.tsx";

export function PasswordPanel({ state }: { state: AccountView["password"] }) {
  const [setting, setSetting] = useState(false);
  const [removing, setRemoving] = useState(false);
  return (
    <>
      <p className="muted small">{words.passwordText}</p>
      <Status mark={state.blocked ? "deny" : state.set ? "allow" : "unknown"}>
        {state.blocked ? words.passwordBlocked : state.set ? words.passwordSet : words.passwordNot}
      </Status>
      <div className="row wrap">
        <Button onPress={() => setSetting(true)}>{words.setPassword}</Button>
        {state.set && (
          <Button look="danger-quiet" onPress={() => setRemoving(true)}>
            {words.remove}
          </Button>
        )}
      </div>
      {setting && <SetPassword replaces={state.set} onClose={() => setSetting(false)} />}
      <ReasonlessDialog
        open={removing}
        onClose={() => setRemoving(false)}
        title={words.removePassword}
        effect={words.passwordText}
        verb={words.remove}
        act={async () => {
          await client.request("DELETE", "/api/v1/account/password");
          await queries.invalidateQueries({ queryKey: ["account"] });
        }}
      />
    </>
  );
}

/** Password first, then the secret, then one code of it: it counts when the secret demonstrably arrived. */
function SetPassword({ replaces, onClose }: { replaces: boolean; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [made, setMade] = useState<{ secret: string; uri: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const run = async (): Promise<void> => {
    setError(null);
    try {
      if (made === null) {
        setMade(
          await client.request("POST", "/api/v1/account/password", { password, code: code === "" ? null : code }),
        );
        setCode("");
        return;
      }
      await client.request("POST", "/api/v1/account/password/confirm", { code });
      await queries.invalidateQueries({ queryKey: ["account"] });
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  const codeReady = /^[0-9]{6}$/.test(code);
  const ready = made === null ? password.length >= 12 && (code === "" || codeReady) : codeReady;
  return (
    <Sheet open onClose={onClose} title={words.setPassword}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void run();
        }}
      >
        {made === null ? (
          <>
            <TextInput
              label={words.newPassword}
              help={words.passwordHelp}
              type="password"
              value={password}
              onChange={setPassword}
              autoFocus
            />
            {replaces && <TextInput label={words.currentCode} value={code} onChange={setCode} />}
          </>
        ) : (
          <>
            <p>{words.scan}</p>
            <p className="break">
              <span className="strong">{words.secret}</span> <code>{made.secret}</code>
            </p>
            <CopyButton value={made.uri} />
            <TextInput label={words.code} value={code} onChange={setCode} autoFocus />
          </>
        )}
        {error !== null && <Failed error={error} what={words.setPassword} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={!ready}>
            {made === null ? words.next : words.confirm}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
