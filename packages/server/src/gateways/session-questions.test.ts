import { cleanLabels } from "@mandate/model";
import type { SessionLabels } from "@mandate/model";
import { afterEach, expect, test, vi } from "vitest";
import { SessionQuestions } from "./session-questions.ts";
import type { SessionHolder } from "./session-questions.ts";

afterEach(() => vi.useRealTimers());

const tainted: SessionLabels = { ...cleanLabels, untrusted: true };
const secret: SessionLabels = { ...cleanLabels, maxSensitivity: "restricted", classes: ["health"] };

/** Gateways that answer at once, unless they are silent. */
function gateways(known: Readonly<Record<string, SessionLabels | null | "silent" | "old">>) {
  const clock = { now: 1_000_000 };
  const asked: string[] = [];
  const connected = new Set(Object.keys(known));
  const questions: SessionQuestions = new SessionQuestions({
    now: () => clock.now,
    holders: () =>
      [...connected].map((id): SessionHolder => ({
        id,
        answers: known[id] !== "old",
        ask(question) {
          asked.push(id);
          const labels = known[id]!;
          if (labels !== "silent" && labels !== "old") questions.answer(id, question, labels);
        },
      })),
  });
  return { questions, asked, clock, connected };
}

test("everybody but the one that asks is asked, and what they know is taken together", async () => {
  const { questions, asked } = gateways({ east: tainted, west: secret, north: null });
  questions.answerHere(() => null);
  expect(await questions.take("north", "ses_1")).toEqual({ labels: { ...secret, untrusted: true }, complete: true });
  expect(asked).toEqual(["east", "west"]);
  expect(await questions.take("east", "ses_1")).toEqual({ labels: secret, complete: true });
});

test("the control plane's own gateway asks and answers like any other; alone it knows at once that nobody else does", async () => {
  const { questions } = gateways({ east: tainted });
  questions.answerHere((id) => (id === "ses_1" ? secret : null));
  expect(await questions.take(null, "ses_1")).toEqual({ labels: tainted, complete: true });
  expect(await questions.take("east", "ses_1")).toEqual({ labels: secret, complete: true });
  expect(await gateways({}).questions.take(null, "ses_1")).toEqual({ labels: null, complete: true });
});

test("whoever stays silent, can't be asked, or went away a moment ago leaves the answer incomplete", async () => {
  vi.useFakeTimers();
  const silent = gateways({ east: "silent", west: tainted });
  const waiting = silent.questions.take(null, "ses_1");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await waiting).toEqual({ labels: tainted, complete: false });
  expect(await gateways({ east: "old", west: tainted }).questions.take(null, "ses_1")).toEqual({ labels: tainted, complete: false });

  const leaving = gateways({ east: "silent", west: tainted });
  const cut = leaving.questions.take(null, "ses_1");
  leaving.connected.delete("east");
  leaving.questions.left("east");
  expect(await cut).toEqual({ labels: tainted, complete: false });
  expect((await leaving.questions.take(null, "ses_1")).complete).toBe(false);
  // It refuses every tier's calls by then.
  leaving.clock.now += 300_000;
  expect((await leaving.questions.take(null, "ses_1")).complete).toBe(true);
});

test("one question at a time for a session; an answer that nobody waits for changes nothing", async () => {
  vi.useFakeTimers();
  const { questions, asked } = gateways({ east: "silent" });
  const both = [questions.take(null, "ses_1"), questions.take(null, "ses_1")];
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual(["east"]);
  questions.answer("stranger", 1, secret);
  questions.answer("east", 1, tainted);
  questions.answer("east", 1, secret);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await Promise.all(both)).toEqual([{ labels: tainted, complete: true }, { labels: null, complete: false }]);
});
