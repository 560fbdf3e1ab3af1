import { count } from "../format.ts";
import { plural } from "./plural.ts";

const kinds: Record<string, string> = { model: "model", tool: "tool", dataset: "dataset", prompt: "prompt", destination: "destination" };

export const proposals = {
  propose: "Propose a change",
  grantTitle: (kind: string, thing: string, system: string) => `${system} may use the ${kinds[kind] ?? kind} ${thing}`,
  cutTitle: (kind: string, thing: string, system: string) => `${system} may no longer use the ${kinds[kind] ?? kind} ${thing}`,
  nothingYet: "Prepared, not applied. Nothing changes until it is submitted, and nothing new is allowed until its approvers agree.",
  nothingYetCut: "Prepared, not applied. Nothing changes until it is submitted; then such calls are refused from the next one on.",
  tried: "What the last 7 days’ calls would have come to",
  trying: "The last 7 days’ calls are decided again.",
  pass: (n: number, differences: number) => (n === 0 ? (differences > 0 ? "No stopped call would have passed: another rule refuses them as well." : "No recorded call would have passed that was stopped.") : `${plural(n, "call", "calls")} that ${n === 1 ? "was" : "were"} stopped would have passed.`),
  stop: (n: number) => (n === 0 ? "No recorded call would have stopped working." : `${plural(n, "call", "calls")} that ${n === 1 ? "was" : "were"} let through would have been stopped.`),
  also: (n: number) => `${plural(n, "other call", "other calls")} would have come out otherwise.`,
  known: (replayable: number, total: number) => (replayable === total ? `All ${count(total)} were decided again.` : `${count(replayable)} of ${count(total)} could be decided again; of the others nothing is known.`),
  change: "The change",
  consequence: "What it re-opens",
  asking: "What it would re-open is worked out.",
  already: (thing: string) => `${thing} is in the record already. Whether it is authorized stands in the band above.`,
  elsewhere: (thing: string) => `${thing} isn’t named by this system itself: an agent of its brings it. Change that agent.`,
  submit: "Submit for approval",
  submitCut: "Submit the change",
  submitted: "Submitted. It stands in the record; what needs approval waits for its approvers.",
  cases: "Open its reassessments",
  git: (commit: string) => `It is managed from Git, last at commit ${commit}. Commit this patch there; applied here, the next apply would undo it.`,
  patch: "Copy patch",
  needs: "The rule at its line stopped the call. It would have passed had this been true:",
  contentStays: "What the call asked for is content and isn’t repeated here: its entry shows it, for a reason. Set the term, see what it widens, try it on recorded calls, then save it.",
  nothingPasses: "Nothing about the call would let it pass this rule: the rule at its line is about the thing itself.",
  entry: "Open the entry",
} as const;
