export { canonicalBytes, canonicalJson, canonicalOf, parseHeader } from "./json/canonical.ts";
export type { Json, StrictLimits } from "./json/strict.ts";
export { maxHeaderBytes, parseStrictJson } from "./json/strict.ts";
export { concatBytes, equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, utf8 } from "./encoding.ts";
export { LedgerError } from "./errors.ts";
export { DenseTree } from "./merkle/dense-tree.ts";
export type { CompletedNode } from "./merkle/frontier.ts";
export { Frontier } from "./merkle/frontier.ts";
export { emptyRoot, hashSize, leafHash, nodeHash } from "./merkle/hash.ts";
export type { HashReader, LeafRange, TreeNode } from "./merkle/ranges.ts";
export {
  consistencyProof,
  consistencyRanges,
  inclusionProof,
  inclusionRanges,
  rangeHash,
  rangeNodes,
  rootAt,
} from "./merkle/ranges.ts";
export { verifyConsistency, verifyInclusion } from "./merkle/verify.ts";
export { openPayload } from "./seal/open-payload.ts";
export type { Checkpoint, OpenedCheckpoint } from "./tlog/checkpoint.ts";
export {
  formatCheckpoint,
  joinCheckpoints,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  splitCheckpoints,
} from "./tlog/checkpoint.ts";
export type { NoteSignature, NoteSigner, NoteVerifier, OpenedNote, ParsedNote, VerifierKey } from "./tlog/note.ts";
export {
  cosignatureTime,
  formatSignatureLine,
  formatVerifierKey,
  isKeyName,
  keyIdOf,
  makeCosignature,
  noteVerifier,
  openNote,
  parseNote,
  parseVerifierKey,
  signatureTypes,
  signNote,
} from "./tlog/note.ts";
export type { TrustPolicy } from "./tlog/policy.ts";
export { meetsQuorum, parseTrust, trustOfKeys } from "./tlog/policy.ts";
export type { ConsistencyBody, TlogProof } from "./tlog/proof-file.ts";
export {
  formatConsistencyBody,
  formatTlogProof,
  openTlogProof,
  parseConsistencyBody,
  parseTlogProof,
} from "./tlog/proof-file.ts";
export type { OpenedReceipt, Receipt } from "./tlog/receipt.ts";
export { isReceiptSigned, parseReceipt, signReceipt } from "./tlog/receipt.ts";
export type { Tile } from "./tlog/tile.ts";
export {
  newTiles,
  parseTilePath,
  tileBytes,
  tileHashReader,
  tilePath,
  tilesForRanges,
  tilesOf,
  tileWidth,
} from "./tlog/tile.ts";
export type { PackFileParts, PackLogParts, PackParts, PackProgress, Stream } from "./pack/build-pack.ts";
export { buildPack, writePack } from "./pack/build-pack.ts";
export type { Manifest, ManifestFile } from "./pack/manifest.ts";
export { packSchema } from "./pack/manifest.ts";
export { auditSchema } from "./pack/audit-file.ts";
export type { PackProblem, PackResult, PackTrust, VerifiedSample } from "./pack/result.ts";
export type { VerifyOptions } from "./pack/verify-pack.ts";
export { verifyPack } from "./pack/verify-pack.ts";
export { ZipReader } from "./pack/zip-reader.ts";
export type { ByteSource } from "./pack/byte-source.ts";
export { memorySource } from "./pack/byte-source.ts";
export type { ByteSink } from "./pack/zip-writer.ts";
export { zipBytes, ZipWriter } from "./pack/zip-writer.ts";
export type { Population, PopulationLog, SampleMember, SampleScope } from "./sample/draw-sample.ts";
export { isMember, maxSampleSize, MemberCount, populationDigest, SampleDraw, sampleSeed } from "./sample/draw-sample.ts";
