export { askListener, listenerOf, probeKeyPrefix } from "./ask-listener.ts";
export type { Listener, ProbeCall, ProbeMet } from "./ask-listener.ts";
export { failingForProbe, unloggedProbe } from "./unlogged.ts";
