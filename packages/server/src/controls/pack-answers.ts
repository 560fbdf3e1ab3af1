import { catalogs, controls } from "@mandate/frameworks";
import type { Tx } from "../database/index.ts";
import { packAnswer, scopeWords } from "../evidence/index.ts";
import type { PackScope, SectionAnswers } from "../evidence/index.ts";
import { latestResults } from "./store.ts";

/** Measured results as they stood at the end of the period; what was never measured says so. */
export async function controlAnswers(tx: Tx, org: string, scope: PackScope & { readonly framework?: string | null }, nowMs: number): Promise<SectionAnswers> {
  const chosen = catalogs().filter((one) => scope.framework == null || one.key === scope.framework);
  const supporting = controls().filter((one) => scope.framework == null || one.supports[scope.framework] !== undefined);
  const results = new Map((await latestResults(tx, org, nowMs, { systems: scope.systems, until: scope.until })).map((one) => [one.control, one]));
  const measured = supporting.flatMap((one) => results.get(one.id) ?? []);
  const never = supporting.filter((one) => !results.has(one.id)).map((one) => one.id);
  const source = "control_results (append-only; each is also an entry)";
  const words = `${scope.framework == null ? "every control" : `controls that support ${scope.framework}`}, the newest result of each before the end of the period; ${scopeWords(scope)}`;
  const failed = measured.filter((one) => one.outcome === "fail" || one.outcome === "stale");
  const excluded = measured.filter((one) => one.outcome === "not_applicable");
  return {
    E01: {
      "framework versions used": packAnswer({ source: "catalogs shipped with this version", query: scope.framework == null ? "every catalog" : `the catalog ${scope.framework}`, rows: chosen.map(({ key, name, version, publisher, items }) => ({ key, name, version, publisher, items: items.filter((item) => !item.heading).length })) }),
      "statement of applicability with reason for each exclusion": packAnswer({ source, query: words, gaps: never.length === 0 ? [] : [`Never measured: ${never.join(", ")}.`], rows: supporting.map((one) => ({ control: one.id, statement: one.statement, appliesTo: one.appliesTo, supports: scope.framework == null ? one.supports : { [scope.framework]: one.supports[scope.framework] }, applies: results.get(one.id)?.outcome !== "not_applicable", exclusion: excluded.find((other) => other.control === one.id)?.reason ?? null })) }),
    },
    E08: {
      "fail-closed tests": packAnswer({ source, query: `${words}; those whose measure was seen to fail at the running gateway`, rows: measured.filter((one) => one.proof?.how === "gateway").map((one) => ({ control: one.control, outcome: one.outcome, at: one.proof?.at, saw: one.proof?.saw, decisions: one.proof?.decisions ?? [] })) }),
    },
    E14: {
      "control test history with stale and failed runs": {
        ...packAnswer({ source, query: words, gaps: [...(failed.length === 0 ? [] : [`Failed or stale: ${failed.map((one) => one.control).join(", ")}.`]), ...(never.length === 0 ? [] : [`Never measured: ${never.join(", ")}.`])], rows: measured }),
        outcomes: Object.fromEntries([...Map.groupBy(measured, (one) => one.outcome)].map(([outcome, of]) => [outcome, of.length])),
      },
    },
    E15: {
      "mutation test result": packAnswer({ source, query: "controls of the log that were seen to fail on an altered copy", rows: measured.filter((one) => one.proof?.how === "log" || /^LOG-/.test(one.control)).map((one) => ({ control: one.control, outcome: one.outcome, reason: one.reason, proof: one.proof, at: one.at })) }),
    },
  };
}
