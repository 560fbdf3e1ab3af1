import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { TextInput } from "../../components/dialog.tsx";
import { t } from "../../text.ts";
import type { Form } from "../register-form.ts";
import { similarTo } from "./intake-api.ts";

/** Join what is there, or say why yours is another. */
export function SimilarSystems({ form, set }: { form: Form; set: (change: Partial<Form>) => void }) {
  const found = useQuery(similarTo(form)).data ?? [];
  if (found.length === 0) return null;
  return (
    <div className="notice notice-hold stack">
      <p className="strong">{t.intake.similar}</p>
      <p>{t.intake.similarText}</p>
      {found.slice(0, 3).map((one) => (
        <div key={one.name}>
          <Link to="/systems/$name" params={{ name: one.name }}>
            {t.intake.join(one.title)}
          </Link>
          <span className="muted small block">{one.because.join(". ")}</span>
          <TextInput
            label={t.intake.justify(one.title)}
            value={form.distinctFrom[one.name] ?? ""}
            onChange={(reason) => set({ distinctFrom: { ...form.distinctFrom, [one.name]: reason } })}
          />
        </div>
      ))}
    </div>
  );
}
