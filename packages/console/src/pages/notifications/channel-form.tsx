import { useState } from "react";
import { client } from "../../api.ts";
import { Choice, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button, CopyButton } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { notifications as words } from "../../text/notifications.ts";
import type { Channel } from "./notifications-panel.tsx";

type Kind = Channel["kind"];

const fieldsOf: Record<Kind, readonly string[]> = {
  webhook: ["url"],
  email: ["host", "port", "tls", "from", "user"],
  slack: ["channel", "apiUrl"],
  teams: ["serviceUrl", "tokenUrl", "conversation", "appId"],
};
const defaults: Record<string, string> = { port: "587", tls: "required", apiUrl: "https://slack.com/api" };

/** Makes a channel or changes one. A secret goes in and never comes out, but for a webhook's own, once. */
export function ChannelForm({
  channel,
  onClose,
  onSaved,
}: {
  channel: Channel | null;
  onClose: () => void;
  onSaved: () => void;
}) {
  const [name, setName] = useState(channel?.name ?? "");
  const [kind, setKind] = useState<Kind>(channel?.kind ?? "webhook");
  const [values, setValues] = useState<Record<string, string>>({
    ...defaults,
    ...Object.fromEntries(Object.entries(channel?.config ?? {}).map(([key, value]) => [key, String(value)])),
  });
  const [secret, setSecret] = useState("");
  const [signing, setSigning] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const given = fieldsOf[kind].flatMap((field) =>
        values[field] === undefined || values[field] === ""
          ? []
          : [[field, field === "port" ? Number(values[field]) : values[field]] as const],
      );
      const saved = await client.request<{ secret?: string }>(
        "PUT",
        `/api/v1/notification-channels/${encodeURIComponent(name.trim())}`,
        {
          kind,
          ...Object.fromEntries(given),
          ...(secret === "" ? {} : { secret }),
          ...(channel === null ? {} : { kinds: channel.kinds }),
        },
      );
      setSecret("");
      onSaved();
      if (saved.secret === undefined) onClose();
      else setSigning(saved.secret);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const title = channel === null ? words.add : `${words.change} ${channel.name}`;
  if (signing !== null)
    return (
      <Sheet open onClose={onClose} title={title}>
        <section className="copy-once" aria-label={t.copyOnce.title}>
          <p className="strong">{words.signingOnce}</p>
          <p>{words.signing}</p>
          <code className="secret">{signing}</code>
          <div className="row wrap">
            <CopyButton value={signing} label={words.signingCopy} done={t.copyOnce.copied} />
            <Button onPress={onClose}>{t.copyOnce.done}</Button>
          </div>
        </section>
      </Sheet>
    );
  return (
    <Sheet open onClose={onClose} title={title}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") void save();
        }}
      >
        {channel === null && (
          <Choice
            label={words.kind}
            value={kind}
            options={Object.entries(words.kinds)}
            onChange={(value) => setKind(value as Kind)}
          />
        )}
        {channel === null && (
          <TextInput
            label={words.name}
            help={words.nameHelp}
            value={name}
            onChange={setName}
            autoFocus
          />
        )}
        {fieldsOf[kind].map((field) =>
          field === "tls" ? (
            <Choice
              key={field}
              label={words.fields[field]!}
              value={values[field] ?? ""}
              options={Object.entries(words.tls)}
              onChange={(value) => setValues({ ...values, [field]: value })}
            />
          ) : (
            <TextInput
              key={field}
              label={words.fields[field]!}
              value={values[field] ?? ""}
              onChange={(value) => setValues({ ...values, [field]: value })}
            />
          ),
        )}
        {kind !== "webhook" && (
          <TextInput
            label={words.secret[kind]!}
            type="password"
            value={secret}
            onChange={setSecret}
            {...(channel === null ? {} : { help: words.secretKept })}
          />
        )}
        {error !== null && <Failed error={error} what={words.save} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={busy || name.trim() === ""}>
            {words.save}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
