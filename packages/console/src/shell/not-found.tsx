import { Link } from "@tanstack/react-router";
import { PageHead } from "../components/ui.tsx";
import { t } from "../text.ts";

export function NotFound() {
  return (
    <main className="alone">
      <PageHead title={t.states.notThere} />
      <p>{t.states.notThereMore}</p>
      <p>
        <Link to="/">{t.nav.overview}</Link>
      </p>
    </main>
  );
}
