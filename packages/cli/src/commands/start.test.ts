import { expect, test } from "vitest";
import { gatewayPortOf } from "./start.ts";

test.each([
  [{}, 4601],
  [{ MANDATE_PORT: "" }, 4601],
  [{ MANDATE_PORT: "4980" }, 4981],
  [{ MANDATE_GATEWAY_PORT: "7001" }, 7001],
  [{ MANDATE_PORT: "4980", MANDATE_GATEWAY_PORT: "7001" }, 7001],
])("a gateway on its own listens where one beside a control plane would: %o", (env, port) => {
  expect(gatewayPortOf(env)).toBe(port);
});

test.each([{ MANDATE_PORT: "65535" }, { MANDATE_PORT: "x" }, { MANDATE_GATEWAY_PORT: "0" }, { MANDATE_GATEWAY_PORT: "1.5" }])("no port is refused by the variable's name: %o", (env) => {
  expect(() => gatewayPortOf(env)).toThrow(Object.keys(env)[0]);
});
