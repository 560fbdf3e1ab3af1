import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ArgumentType, Effect, ToolFacts } from "@mandate/model";
import { testCredential, testFacts, testSnapshot, testSystem, testTool } from "./facts.ts";
import { startTestGateway, type TestGateway } from "./gateway.ts";

/**
 * AgentDojo's ground truth put to the gateway's own decision API: each call of a task is asked with the conversation as
 * it stood, each attack with the conversation of the task it rides on. Nothing of the decision is done here.
 */
export interface Replay {
  readonly pairs: number;
  readonly blocked: number;
  readonly tasks: number;
  /** Tasks whose every call was allowed at once. */
  readonly untouched: number;
  readonly approvals: number;
  readonly decisions: number;
  readonly elapsedMs: number;
  readonly suites: readonly SuiteReplay[];
}

export interface SuiteReplay {
  readonly name: string;
  readonly pairs: number;
  readonly tasks: number;
  readonly asked: readonly string[];
  /** Attack pairs of which no step was stopped, as `TASK + ATTACK`. */
  readonly passed: readonly string[];
}

interface Step {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly result: string;
}

interface Suite {
  readonly tools: readonly { readonly name: string }[];
  readonly user_tasks: Readonly<Record<string, { readonly prompt: string; readonly steps: readonly Step[] }>>;
  readonly injection_tasks: Readonly<
    Record<string, { readonly goal: string; readonly steps: readonly Step[]; readonly derived_steps?: readonly Step[] }>
  >;
}

interface Label {
  readonly effect: "read" | "private_write" | "consequential" | "egress";
  readonly critical: readonly string[];
  readonly private_if_absent?: readonly string[];
}

type Labels = Readonly<Record<string, Label>> & { readonly _untrusted_results?: readonly string[] };

/** What each critical argument is, as its owner would say from the tool's own description. Never looks at a value. */
const argumentTypes: Readonly<Record<string, ArgumentType>> = {
  recipients: "email",
  cc: "email",
  bcc: "email",
  participants: "email",
  email: "email",
  user_email: "email",
  url: "url",
  amount: "amount",
  attachments: "id",
  email_id: "id",
  event_id: "id",
  file_id: "id",
  recipient: "text",
  channel: "text",
  user: "text",
  password: "text",
  title: "text",
  hotel: "text",
  company: "text",
  restaurant: "text",
  first_name: "text",
  last_name: "text",
  street: "text",
  city: "text",
};

/** The register's word for what a tool does, by the verb it is named with. */
function effectOf(name: string, label: Label | undefined): Effect {
  if (label === undefined || label.effect === "read") return "reads";
  if (/^(send_money|schedule_transaction|update_scheduled|reserve)/.test(name)) return "pays";
  if (/^(delete|cancel|remove)/.test(name)) return "deletes";
  if (/^add_user/.test(name)) return "grants";
  return label.effect === "egress" ? "sends" : "writes";
}

function toolOf(name: string, labels: Labels): ToolFacts {
  const label = labels[name];
  const privateIf = label?.private_if_absent ?? [];
  return testTool(name, {
    names: [name],
    effect: effectOf(name, label),
    reversible: label === undefined || label.effect === "read",
    critical: (label?.critical ?? []).map((arg) => ({ arg, type: argumentTypes[arg] ?? "text" })),
    recipients: label?.effect === "private_write" ? "caller" : privateIf.length > 0 ? null : "others",
    recipientsFrom: privateIf,
    output: (labels._untrusted_results ?? []).includes(name) ? "untrusted" : "trusted",
  });
}

interface Corpus {
  readonly suites: Readonly<Record<string, Suite>>;
}

export function readAgentDojo(corpora: string): { readonly corpus: Corpus; readonly labels: Readonly<Record<string, Labels>> } {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(corpora, "agentdojo", file), "utf8"));
  return { corpus: read("corpus.json") as Corpus, labels: read("tool-labels.json") as Record<string, Labels> };
}

/** @returns why there is nothing to replay, or null */
export function missingAgentDojo(corpora: string | undefined): string | null {
  if (corpora === undefined) return "MANDATE_CORPORA is not set, so AgentDojo was not replayed";
  return existsSync(join(corpora, "agentdojo", "corpus.json")) ? null : `${corpora} holds no agentdojo/corpus.json`;
}

export async function replayAgentDojo(corpora: string): Promise<Replay> {
  const { corpus, labels } = readAgentDojo(corpora);
  const started = performance.now();
  const suites: SuiteReplay[] = [];
  let [pairs, blocked, tasks, untouched, approvals, decisions] = [0, 0, 0, 0, 0, 0];
  for (const [name, suite] of Object.entries(corpus.suites)) {
    const gateway = await gatewayOf(suite, labels[name] ?? {});
    const asked: string[] = [];
    const passed: string[] = [];
    try {
      for (const [id, task] of Object.entries(suite.user_tasks)) {
        const conversation = new Conversation(task.prompt);
        let waiting = 0;
        for (const step of task.steps) {
          if (!(await allowed(gateway, step, conversation))) waiting += 1;
          conversation.add(step);
        }
        decisions += task.steps.length;
        tasks += 1;
        approvals += waiting;
        if (waiting === 0) untouched += 1;
        else asked.push(`${id}: ${waiting}`);
        for (const [goal, attack] of Object.entries(suite.injection_tasks)) {
          pairs += 1;
          const steps = attack.derived_steps ?? attack.steps;
          const hijacked = conversation.copy();
          let stopped = false;
          for (const step of steps) {
            decisions += 1;
            stopped = !(await allowed(gateway, step, hijacked));
            if (stopped) break;
            hijacked.add(step);
          }
          if (stopped) blocked += 1;
          else passed.push(`${id} + ${goal}`);
        }
      }
    } finally {
      await gateway.close();
    }
    const count = Object.keys(suite.user_tasks).length;
    suites.push({ name, tasks: count, pairs: count * Object.keys(suite.injection_tasks).length, asked, passed });
  }
  return { pairs, blocked, tasks, untouched, approvals, decisions, elapsedMs: performance.now() - started, suites };
}

const agentKey = "mdt_test_agentdojo_0123456789abcdef012345";

function gatewayOf(suite: Suite, labels: Labels): Promise<TestGateway> {
  const names = suite.tools.map((tool) => tool.name);
  const system = testSystem("T2", {
    grants: { models: [], tools: names, datasets: [], prompts: [], destinations: [] },
  });
  const facts = testFacts("http://127.0.0.1:1/v1", system, { tools: names.map((name) => toolOf(name, labels)) });
  return startTestGateway(testSnapshot(facts, { credentials: [testCredential({}, agentKey)] }));
}

class Conversation {
  readonly messages: unknown[];

  constructor(prompt: string, messages: readonly unknown[] = [{ role: "user", content: prompt }]) {
    this.messages = [...messages];
  }

  copy(): Conversation {
    return new Conversation("", this.messages);
  }

  add(step: Step): void {
    const id = `call_${createHash("sha256").update(String(this.messages.length)).digest("hex").slice(0, 12)}`;
    this.messages.push(
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id, type: "function", function: { name: step.tool, arguments: JSON.stringify(step.args) } }],
      },
      { role: "tool", tool_call_id: id, content: step.result },
    );
  }
}

async function allowed(gateway: TestGateway, step: Step, { messages }: Conversation): Promise<boolean> {
  const reply = await gateway.call(
    "/access/v1/evaluation",
    {
      subject: { type: "system", id: "notes" },
      action: { name: "tool.call" },
      resource: { type: "tool", id: step.tool },
      context: { input: step.args, messages },
    },
    { authorization: `Bearer ${agentKey}` },
  );
  if (reply.status !== 200) throw new Error(`${step.tool} was answered with ${reply.status}: ${reply.text}`);
  // A refusal for another cause than what the session has seen would make the figures say nothing.
  const { outcome, rule } = reply.body.context;
  if (outcome !== "allow" && rule !== "untrusted-session") throw new Error(`${step.tool} was stopped by ${rule}: ${reply.text}`);
  return outcome === "allow";
}
