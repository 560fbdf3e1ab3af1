import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, CopyButton } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import type { AccountView } from "./account.tsx";
import { ReasonlessDialog } from "./confirm.tsx";

export function PasswordPanel({ state }: { state: AccountView["password"] }) {
  const [setting, setSetting] = useState(false);
  const [removing, setRemoving] = useState(false);
  return (
    <>
      <p className="muted small">{t.account.passwordText}</p>
      <Status mark={state.blocked ? "deny" : state.set ? "allow" : "unknown"}>
        {state.blocked ? t.account.passwordBlocked : state.set ? t.account.passwordSet : t.account.passwordNot}
      </Status>
      <div className="row wrap">
        <Button onPress={() => setSetting(true)}>{t.account.setPassword}</Button>
        {state.set && (
          <Button look="danger-quiet" onPress={() => setRemoving(true)}>
            {t.account.remove}
          </Button>
        )}
      </div>
      {setting && <SetPassword replaces={state.set} onClose={() => setSetting(false)} />}
      <ReasonlessDialog
        open={removing}
        onClose={() => setRemoving(false)}
        title={t.account.removePassword}
        effect={t.account.passwordText}
        verb={t.account.remove}
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
    <Sheet open onClose={onClose} title={t.account.setPassword}>
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
              label={t.account.newPassword}
              help={t.account.passwordHelp}
              type="password"
              value={password}
              onChange={setPassword}
              autoFocus
            />
            {replaces && <TextInput label={t.account.currentCode} value={code} onChange={setCode} />}
          </>
        ) : (
          <>
            <p>{t.account.scan}</p>
            <p className="break">
              <span className="strong">{t.account.secret}</span> <code>{made.secret}</code>
            </p>
            <CopyButton value={made.uri} />
            <TextInput label={t.account.code} value={code} onChange={setCode} autoFocus />
          </>
        )}
        {error !== null && <Failed error={error} what={t.account.setPassword} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={!ready}>
            {made === null ? t.account.next : t.account.confirm}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
