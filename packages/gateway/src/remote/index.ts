export { startGateway } from "./start.ts";
export type { StandAloneGateway, StandAloneOptions } from "./start.ts";
export { maxSkewMs, packSnapshot, rawPublicKey, requestHeaders, requestIsSigned, signingKeyFromSeed } from "./wire.ts";
export type { JournalPush, StreamMessage } from "./wire.ts";
