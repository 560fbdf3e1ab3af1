import { Link } from "@tanstack/react-router";
import { TextInput } from "../../components/dialog.tsx";
import { intake as words } from "../../text/intake.ts";
import type { Form } from "../register-form.ts";
import type { Similar } from "./intake-api.ts";

/** Join what is there, or say why yours is another. */
export function SimilarSystems({
  form,
  set,
  alike,
  tried,
}: {
  form: Form;
  set: (change: Partial<Form>) => void;
  alike: readonly Similar[];
  tried: boolean;
}) {
  if (alike.length === 0) return null;
  return (
    <div className="notice notice-hold stack">
      <p className="strong">{words.similar}</p>
      <p>{words.similarText}</p>
      {alike.slice(0, 3).map((one) => (
        <div key={one.name}>
          <Link to="/systems/$name" params={{ name: one.name }}>
            {words.join(one.title)}
          </Link>
          <span className="muted small block">{one.because.join(". ")}</span>
          <TextInput
            label={words.justify(one.title)}
            problem={tried && (form.distinctFrom[one.name] ?? "").trim() === "" ? words.justifyMissing : undefined}
            value={form.distinctFrom[one.name] ?? ""}
            onChange={(reason) => set({ distinctFrom: { ...form.distinctFrom, [one.name]: reason } })}
          />
        </div>
      ))}
    </div>
  );
}
