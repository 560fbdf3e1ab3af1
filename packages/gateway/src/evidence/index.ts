export type { JournalOptions, JournalSigner } from "./journal.ts";
export { Journal } from "./journal.ts";
export type { JournalDisk } from "./journal-disk.ts";
export { nodeDisk } from "./journal-disk.ts";
export type { OpenCall } from "./journal-recovery.ts";
export { JournalSink } from "./journal-sink.ts";
export type { SealerOptions } from "./sealer.ts";
export { Sealer } from "./sealer.ts";
export { sealingKeyLookup } from "./sealing-key-lookup.ts";
