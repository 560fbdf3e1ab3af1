import { connect } from "node:net";
import { afterEach, beforeEach } from "vitest";
import type { SystemFacts, Tier } from "@mandate/model";
import type { GatewayLimits } from "../options.ts";
import type { Snapshot } from "../snapshot.ts";
import { testFacts, testSnapshot, testSystem } from "./facts.ts";
import { startTestGateway, type TestGateway } from "./gateway.ts";
import { startTestUpstream, type TestUpstream } from "./upstream.ts";

/** What a test may vary of a gateway with one system of one tier. */
export interface StageParts {
  readonly system?: Partial<SystemFacts>;
  readonly snapshot?: Partial<Snapshot>;
  readonly limits?: Partial<GatewayLimits>;
}

/** One upstream and at most one gateway a test, closed after it. */
export interface Stage {
  upstream: TestUpstream;
  gateway: TestGateway;
  /** A gateway before the upstream, whose one system is of this tier. */
  start(tier?: Tier, parts?: StageParts): Promise<void>;
  /** Everything a raw socket gets back for these bytes. */
  raw(bytes: string | Buffer): Promise<string>;
}

export const hello = { model: "gpt-test", messages: [{ role: "user", content: "Say hello." }] };
export const streaming = { ...hello, stream: true };

/** Sets the stage anew for each test of the file that calls it. */
export function setStage(): Stage {
  const stage = {
    start: async (tier: Tier = "T0", { system, snapshot, limits }: StageParts = {}): Promise<void> => {
      stage.gateway = await startTestGateway(testSnapshot(testFacts(stage.upstream.endpoint, testSystem(tier, system)), snapshot), { limits });
    },
    raw: (bytes: string | Buffer): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(stage.gateway.port, "127.0.0.1", () => socket.write(bytes));
        let text = "";
        const timer = setTimeout(() => socket.destroy(), 4_000);
        socket.on("data", (chunk) => (text += chunk.toString()));
        socket.on("error", () => undefined);
        socket.on("close", () => {
          clearTimeout(timer);
          resolve(text);
        });
      }),
  } as Stage;
  beforeEach(async () => {
    stage.upstream = await startTestUpstream();
  });
  afterEach(async () => {
    await stage.gateway?.close();
    await stage.upstream.close();
  });
  return stage;
}
