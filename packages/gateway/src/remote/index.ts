export { differenceOf, divide } from "./difference.ts";
export type { Difference, Divided } from "./difference.ts";
export { commonFormat, entryFormats, oldestWireFormat, wireFormat } from "./formats.ts";
export { startGateway } from "./start.ts";
export type { StandAloneGateway, StandAloneOptions } from "./start.ts";
export { chainAfter, maxSkewMs, packChange, packWhole, partSnapshot, rawPublicKey, requestHeaders, requestIsSigned, signingKeyFromSeed } from "./wire.ts";
export type { JournalPush, Recipient, Sender, StreamMessage } from "./wire.ts";
