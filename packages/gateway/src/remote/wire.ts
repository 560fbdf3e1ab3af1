import { createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { ProbeCall } from "../probe/index.ts";
import type { SealingKey, Snapshot, UpstreamSecret } from "../snapshot.ts";
import { applyDifference } from "./difference.ts";
import type { Difference } from "./difference.ts";
import { assertFormat, wireFormat } from "./formats.ts";

// What a stand-alone gateway and its control plane say to each other. Both sides import it, so that neither can drift.

/** A raw 32-byte Ed25519 or X25519 public key as a key object. */
function publicKeyOf(kind: "ed25519" | "x25519", raw: Uint8Array): KeyObject {
  const prefix = kind === "ed25519" ? "302a300506032b6570032100" : "302a300506032b656e032100";
  return createPublicKey({ key: Buffer.concat([Buffer.from(prefix, "hex"), raw]), format: "der", type: "spki" });
}

function rawOf(key: KeyObject): Uint8Array {
  const der = key.export({ format: "der", type: "spki" });
  return Uint8Array.from(der.subarray(der.length - 32));
}

export interface SlotKeys {
  /** Signs requests and the journal's batches. */
  readonly signing: KeyObject;
  /** Opens what is sealed for this gateway alone. */
  readonly sealing: KeyObject;
}

export function generateSlotKeys(): SlotKeys {
  return { signing: generateKeyPairSync("ed25519").privateKey, sealing: generateKeyPairSync("x25519").privateKey };
}

/** Raw public halves, base64url. */
export function publicHalves(keys: SlotKeys): { readonly signing: string; readonly sealing: string } {
  return { signing: base64url(rawOf(createPublicKey(keys.signing))), sealing: base64url(rawOf(createPublicKey(keys.sealing))) };
}

/** An Ed25519 key from 32 secret bytes: the control plane derives its own from the master key. */
export function signingKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8" });
}

export function rawPublicKey(key: KeyObject): string {
  return base64url(rawOf(createPublicKey(key)));
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly nonce: string;
  /** Which start of the gateway asks; absent: a release that didn't count them. */
  readonly run?: string;
}

export const requestHeaders = { id: "x-mandate-gateway", at: "x-mandate-at", nonce: "x-mandate-nonce", run: "x-mandate-run", signature: "x-mandate-signature" } as const;

/** Further apart than this the two clocks don't agree, and nothing is believed (G5). */
export const maxSkewMs = 30_000;

function requestText({ method, path, body, atMs, nonce, run }: SignedRequest, id: string): Buffer {
  const lines = ["mandate.gateway-request/1", id, method, path, String(atMs), nonce, createHash("sha256").update(body).digest("hex")];
  return Buffer.from([...lines, ...(run === undefined ? [] : [run])].join("\n"));
}

export function signRequest(key: KeyObject, id: string, request: SignedRequest): Record<string, string> {
  return {
    [requestHeaders.id]: id,
    [requestHeaders.at]: String(request.atMs),
    [requestHeaders.nonce]: request.nonce,
    ...(request.run === undefined ? {} : { [requestHeaders.run]: request.run }),
    [requestHeaders.signature]: base64url(sign(null, requestText(request, id), key)),
  };
}

/** @param publicKey raw, base64url */
export function requestIsSigned(publicKey: string, id: string, request: SignedRequest, signature: string): boolean {
  const raw = Buffer.from(publicKey, "base64url");
  const bytes = Buffer.from(signature, "base64url");
  return raw.length === 32 && bytes.length === 64 && verify(null, requestText(request, id), publicKeyOf("ed25519", raw), bytes);
}

/** A whole snapshot on its way: what all may know in clear, secrets sealed for one gateway, all of it signed. */
export interface SnapshotMessage {
  readonly type: "snapshot";
  /** Absent: format 1, which knew neither changes nor the chain. */
  readonly format?: number;
  readonly version: number;
  /** Where this stands in the control plane's chain of changes. Absent in format 1. */
  readonly chain?: string;
  /** JSON text. */
  readonly open: string;
  /** Base64url of ephemeral public key (32), nonce (12), ciphertext and tag. */
  readonly sealed: string;
  readonly signature: string;
}

/** What changed since the snapshot at `base`: of use to whoever holds exactly that one. */
export interface ChangeMessage {
  readonly type: "change";
  readonly format: number;
  readonly base: string;
  readonly version: number;
  /** Follows from `base` and both parts, so that a gateway that has it has all of them. */
  readonly chain: string;
  /** `Difference` as JSON text. */
  readonly open: string;
  /** `Difference` of the secrets, sealed as in a whole one. */
  readonly sealed: string;
  readonly signature: string;
}

/** The control plane's word that `version` is the newest, as of `ageMs` before `at`. */
export interface ConfirmMessage {
  readonly type: "confirm";
  readonly version: number;
  /** Absent in format 1. */
  readonly chain?: string;
  /** Epoch milliseconds of the control plane. */
  readonly at: number;
  readonly ageMs: number;
}

/** Somebody waits for the journal. */
export interface DrainMessage {
  readonly type: "drain";
  readonly id: number;
}

/** Another gateway goes on with a session: what has it seen here? */
export interface SessionMessage {
  readonly type: "session";
  readonly ask: number;
  readonly id: string;
}

/** Somebody wants to see these calls refused at this gateway's own listener. */
export interface ProbeMessage {
  readonly type: "probe";
  readonly ask: number;
  readonly calls: readonly ProbeCall[];
}

export type StreamMessage = SnapshotMessage | ChangeMessage | ConfirmMessage | DrainMessage | SessionMessage | ProbeMessage;

interface SentKey {
  readonly kid: string;
  readonly system: string | null;
  readonly key: string;
}

interface Secrets {
  readonly secrets: readonly UpstreamSecret[];
  readonly sealingKeys: readonly SentKey[];
  readonly subjectKey?: string;
  readonly sessionKey?: string;
}

const sealInfo = "mandate.snapshot-seal/1";

function sealFor(recipient: string, plain: Buffer, random: (bytes: Uint8Array) => Uint8Array): string {
  const ephemeral = generateKeyPairSync("x25519");
  const epk = rawOf(ephemeral.publicKey);
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: publicKeyOf("x25519", Buffer.from(recipient, "base64url")) });
  const key = Buffer.from(hkdfSync("sha256", shared, epk, sealInfo, 32));
  const nonce = random(new Uint8Array(12));
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return base64url(Buffer.concat([epk, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
}

function openSealed(sealing: KeyObject, text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  const epk = bytes.subarray(0, 32);
  const shared = diffieHellman({ privateKey: sealing, publicKey: publicKeyOf("x25519", epk) });
  const decipher = createDecipheriv("aes-256-gcm", Buffer.from(hkdfSync("sha256", shared, epk, sealInfo, 32)), bytes.subarray(32, 44));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(44, -16)), decipher.final()]);
}

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function wholeText(gateway: string, version: number, chain: string | undefined, open: string, sealed: string): Buffer {
  const lines = chain === undefined ? ["mandate.snapshot/1", gateway, String(version)] : ["mandate.snapshot/2", gateway, String(version), chain];
  return Buffer.from([...lines, digest(open), digest(sealed)].join("\n"));
}

function changeText(gateway: string, base: string, version: number, chain: string, open: string, sealed: string): Buffer {
  return Buffer.from(["mandate.snapshot-change/1", gateway, base, String(version), chain, digest(open), digest(sealed)].join("\n"));
}

/** What a snapshot is on its way: what all may know, and what one gateway alone may. Both are JSON values. */
export interface Parted {
  readonly open: Readonly<Record<string, unknown>>;
  readonly secret: Readonly<Record<string, unknown>>;
}

// A key never changes, and each snapshot has one for every system: each is written, and read, once.
const sentKeys = new WeakMap<SealingKey, SentKey>();
const heldKeys = new WeakMap<SentKey, SealingKey>();

function sentKey(held: SealingKey): SentKey {
  let sent = sentKeys.get(held);
  if (sent === undefined) sentKeys.set(held, (sent = { kid: held.kid, system: held.system, key: base64url(held.key) }));
  return sent;
}

function heldKey(sent: SentKey): SealingKey {
  let held = heldKeys.get(sent);
  if (held === undefined) heldKeys.set(sent, (held = { kid: sent.kid, system: sent.system, key: Buffer.from(sent.key, "base64url") }));
  return held;
}

/**
 * INVARIANT (G8): provider secrets and sealing keys leave the control plane sealed for the one gateway that enrolled
 * with `sealingKey`; what carries the message never holds them in clear.
 */
export function partSnapshot(snapshot: Snapshot): Parted {
  const { secrets, sealingKeys, subjectKey, sessionKey, ...open } = snapshot;
  const inner: Secrets = { secrets, sealingKeys: sealingKeys.map(sentKey), ...(subjectKey === undefined ? {} : { subjectKey: base64url(subjectKey) }), ...(sessionKey === undefined ? {} : { sessionKey: base64url(sessionKey) }) };
  return { open, secret: inner as unknown as Parted["secret"] };
}

export function joinParts({ open, secret }: Parted): Snapshot {
  const rest = open as unknown as Omit<Snapshot, "secrets" | "sealingKeys">;
  const inner = secret as unknown as Secrets;
  const sealingKeys = inner.sealingKeys.map(heldKey);
  return { ...rest, secrets: inner.secrets, sealingKeys, ...(inner.subjectKey === undefined ? {} : { subjectKey: Buffer.from(inner.subjectKey, "base64url") }), ...(inner.sessionKey === undefined ? {} : { sessionKey: Buffer.from(inner.sessionKey, "base64url") }) };
}

/** Where a change leads from `base`. */
export function chainAfter(base: string, version: number, open: string, secret: string): string {
  return base64url(createHash("sha256").update(["mandate.snapshot-chain/1", base, String(version), digest(open), digest(secret)].join("\n")).digest());
}

export interface Recipient {
  readonly gateway: string;
  readonly sealingKey: string;
}

export interface Sender {
  readonly signing: KeyObject;
  readonly random: (bytes: Uint8Array) => Uint8Array;
}

/** Both texts are JSON. @param chain absent: for a gateway of format 1 */
export function packWhole(whole: { readonly version: number; readonly chain?: string; readonly open: string; readonly secret: string }, to: Recipient, { signing, random }: Sender): SnapshotMessage {
  const { version, chain, open } = whole;
  const sealed = sealFor(to.sealingKey, Buffer.from(whole.secret), random);
  return { type: "snapshot", ...(chain === undefined ? {} : { format: wireFormat, chain }), version, open, sealed, signature: base64url(sign(null, wholeText(to.gateway, version, chain, open, sealed), signing)) };
}

export function packChange(change: { readonly base: string; readonly version: number; readonly chain: string; readonly open: string; readonly secret: string }, to: Recipient, { signing, random }: Sender): ChangeMessage {
  const { base, version, chain, open } = change;
  const sealed = sealFor(to.sealingKey, Buffer.from(change.secret), random);
  return { type: "change", format: wireFormat, base, version, chain, open, sealed, signature: base64url(sign(null, changeText(to.gateway, base, version, chain, open, sealed), signing)) };
}

function isSigned(text: Buffer, controlKey: string, signature: string): boolean {
  return verify(null, text, publicKeyOf("ed25519", Buffer.from(controlKey, "base64url")), Buffer.from(signature, "base64url"));
}

/** @throws when the signature isn't the control plane's, it was made for another gateway, or its format is unknown here */
export function unpackWhole(message: SnapshotMessage, gateway: string, keys: SlotKeys, controlKey: string): Parted {
  assertFormat(message.format ?? 1, "The control plane");
  if (!isSigned(wholeText(gateway, message.version, message.chain, message.open, message.sealed), controlKey, message.signature)) throw unsigned();
  const open = JSON.parse(message.open) as Parted["open"];
  const secret = JSON.parse(openSealed(keys.sealing, message.sealed).toString("utf8")) as Parted["secret"];
  if (open.version !== message.version) throw new Error("the snapshot's version isn't the one signed");
  return { open, secret };
}

/** @throws as `unpackWhole`, and when the change doesn't lead from its base to its chain, or not from `held` */
export function unpackChange(message: ChangeMessage, held: Parted, gateway: string, keys: SlotKeys, controlKey: string): Parted {
  assertFormat(message.format, "The control plane");
  const { base, version, chain, open: text, sealed } = message;
  if (!isSigned(changeText(gateway, base, version, chain, text, sealed), controlKey, message.signature)) throw unsigned();
  const secretText = openSealed(keys.sealing, sealed).toString("utf8");
  if (chainAfter(base, version, text, secretText) !== chain) throw new Error("the change isn't the one its chain names");
  const open = applyDifference(held.open, JSON.parse(text) as Difference);
  if (open.version !== version) throw new Error("the snapshot's version isn't the one signed");
  return { open, secret: applyDifference(held.secret, JSON.parse(secretText) as Difference) };
}

function unsigned(): Error {
  return new Error("the snapshot isn't signed by the control plane this gateway enrolled with");
}

/** Records of a journal on their way to the store. Bytes are base64. */
export interface JournalPush {
  readonly from: number;
  readonly records: readonly {
    readonly leaf: string;
    readonly sealed: readonly { readonly ct: string; readonly bytes: string; readonly wrapped: string; readonly kid: string }[];
    readonly summary: Readonly<Record<string, unknown>>;
  }[];
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
