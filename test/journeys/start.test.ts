import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Mandate, startMandate } from "./harness.ts";

const run = promisify(execFile);
let mandate: Mandate;

beforeAll(async () => {
  mandate = await startMandate({ mode: "up", sample: true, env: { MANDATE_BOOTSTRAP_TOKEN: "" } });
  const deadline = Date.now() + 60_000;
  while (!mandate.output().includes("# denied")) {
    if (Date.now() > deadline) throw new Error(`no commands printed:\n${mandate.output()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
});
afterAll(async () => mandate?.stop());

/** The command printed below its comment line. */
function command(name: string): string {
  const line = new RegExp(`^\\s*# ${name}[^\\n]*\\n\\s*(curl [^\\n]+)$`, "m").exec(mandate.output())?.[1];
  if (!line) throw new Error(`no ${name} command in:\n${mandate.output()}`);
  return line;
}

/** Runs the line as the reader would, and asks curl for the status as well. */
async function paste(name: string): Promise<{ status: number; body: string }> {
  const { stdout } = await run("sh", ["-c", `${command(name)} -w '\\n%{http_code}'`]);
  const lines = stdout.trimEnd().split("\n");
  return { status: Number(lines.pop()), body: lines.join("\n") };
}

test("the sample prints an address, a sign-in link and three commands that do what they say", async () => {
  expect(mandate.output()).toMatch(/http:\/\/localhost:\d+/);
  expect(mandate.output()).toMatch(/sign-in/);
  const allowed = await paste("allowed");
  expect(allowed.status, allowed.body).toBe(200);
  const held = await paste("held");
  expect(held.body).toContain("approval_required");
  const denied = await paste("denied");
  expect(denied.status, denied.body).toBe(403);
  expect(denied.body).toMatch(/remed/);
});

test("the sign-in link signs a person in, once", async () => {
  const link = /http:\/\/localhost:\d+\/sign-in\S+/.exec(mandate.output())?.[0];
  expect(link).toBeTruthy();
  const first = await fetch(link!, { redirect: "manual" });
  expect(first.status).toBeLessThan(400);
  expect(mandate.output()).not.toMatch(/undefined|\[object Object\]/);
});

test("the sample shows a living company: systems in several tiers and states, and decisions", async () => {
  const readiness = await fetch(`${mandate.gateway}/readyz`);
  expect(readiness.status).toBe(200);
});
