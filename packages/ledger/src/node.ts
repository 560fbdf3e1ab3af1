export type { NodeSigner } from "./seal/node-signer.ts";
export { generateSigner, signerFromPem, verifyEd25519 } from "./seal/node-signer.ts";
export type { KeyWrapper, OpenKeys, Sealed } from "./seal/node-seal.ts";
export { keyWrapper, openSealed, seal } from "./seal/node-seal.ts";
export type { FileSource } from "./pack/file-source.ts";
export { fileSource } from "./pack/file-source.ts";
