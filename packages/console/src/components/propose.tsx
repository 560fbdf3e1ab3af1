import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DecisionView } from "../api-types.ts";
import { proposals as words } from "../text/proposals.ts";
import { explanation } from "./explanation.ts";

const granted: ReadonlySet<string> = new Set(["model", "tool", "dataset", "prompt", "destination"]);

/** From a stopped call to the change that would let it pass: the missing grant, or the term of the rule that stopped it. */
export function Propose({ decision }: { decision: DecisionView }) {
  const { system, code, resource, outcome } = decision;
  const isStopped = system !== null && outcome !== "allow";
  const asksRules = isStopped && (code === "policy" || outcome === "hold");
  const explained = useQuery({ ...explanation(decision.id), enabled: asksRules }).data;
  if (!isStopped || system === null) return null;
  if (code === "not_granted" && granted.has(resource.type))
    return (
      <Link className="button" to="/systems/$name" params={{ name: system }} search={{ grant: `${resource.type}:${resource.id}` }}>
        {words.propose}
      </Link>
    );
  const rule = explained?.questions.flatMap((question) => question.rules).find((one) => one.decides && one.policy !== null);
  if (rule === undefined || rule.policy === null) return null;
  return (
    <Link className="button" to="/policies/$name" params={{ name: rule.policy }} search={{ rule: rule.id, for: decision.id }}>
      {words.propose}
    </Link>
  );
}
