import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { FindingRow } from "../../api-types.ts";
import { ReasonDialog, Sheet, TextInput } from "../../components/dialog.tsx";
import { Failed } from "../../components/states.tsx";
import { Button } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { findings as words } from "../../text/findings.ts";

export type Verb = "assign" | "close" | "dismiss";
export interface Asked {
  readonly item: FindingRow;
  readonly verb: Verb;
}

export function Act({ asked: { item, verb }, onClose }: { asked: Asked; onClose: () => void }) {
  const [until, setUntil] = useState(() => new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>(null);
  const post = async (body: unknown): Promise<void> => {
    await client.request("POST", `/api/v1/findings/${encodeURIComponent(item.id)}/${verb}`, body);
    await queries.invalidateQueries({ predicate: ({ queryKey }) => ["findings", "overview"].includes(String(queryKey[0])) });
  };
  if (verb === "dismiss")
    return (
      <ReasonDialog
        open
        onClose={onClose}
        title={words.dismissTitle(item.title)}
        effect={words.dismissEffect}
        verb={words.dismiss}
        danger
        fields={<TextInput label={words.until} type="date" value={until} onChange={setUntil} />}
        act={(reason) => post({ reason, until: new Date(`${until}T23:59:59Z`).toISOString() })}
      />
    );
  const save = async (): Promise<void> => {
    try {
      await post(verb === "assign" ? { owner: text.trim() } : { how: text.trim() });
      onClose();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Sheet
      open
      onClose={onClose}
      title={verb === "assign" ? words.assignTitle(item.title) : words.closeTitle(item.title)}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") void save();
        }}
      >
        {verb === "close" && <p>{words.closeEffect}</p>}
        <TextInput
          label={verb === "assign" ? words.assignTo : words.how}
          value={text}
          onChange={setText}
          autoFocus
          type={verb === "assign" ? "email" : "text"}
        />
        {error !== null && <Failed error={error} what={words[verb]} />}
        <div className="row end">
          <Button onPress={onClose}>{t.action.cancel}</Button>
          <Button type="submit" look="accent" isDisabled={text.trim() === ""}>
            {words.save}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
