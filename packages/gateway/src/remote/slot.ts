import { createPrivateKey } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@mandate/model";
import { generateSlotKeys, publicHalves } from "./wire.ts";
import type { SlotKeys } from "./wire.ts";

/** Who this gateway is, for as long as its volume lives. */
export interface Slot {
  readonly id: string;
  readonly name: string;
  /** Origin of the log that its journal writes. */
  readonly origin: string;
  readonly controlUrl: string;
  /** Raw Ed25519 public key of the control plane, base64url: snapshots are believed by it alone. */
  readonly controlKey: string;
  readonly keys: SlotKeys;
}

interface StoredSlot {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly controlUrl: string;
  readonly controlKey: string;
  readonly signing: string;
  readonly sealing: string;
}

const timeoutMs = 15_000;

/**
 * The slot of this data directory, or a new one for the token.
 * @throws AppError `gateway.not_enrolled`, `gateway.enrolment_refused`
 */
export async function openSlot(options: { readonly dataDir: string; readonly controlUrl: string; readonly token: string | null }): Promise<Slot> {
  const path = join(options.dataDir, "slot.json");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text !== undefined) {
    const stored = JSON.parse(text) as StoredSlot;
    return { ...stored, controlUrl: options.controlUrl, keys: { signing: createPrivateKey(stored.signing), sealing: createPrivateKey(stored.sealing) } };
  }
  if (options.token === null) {
    throw new AppError({ code: "gateway.not_enrolled", status: 500, message: "This data directory belongs to no enrolled gateway.", remedies: [{ text: "Make a token on the control plane and set MANDATE_GATEWAY_TOKEN.", command: "mandate gateway create NAME" }] });
  }
  const keys = generateSlotKeys();
  const halves = publicHalves(keys);
  const response = await fetch(new URL("/api/v1/gateway/enrol", options.controlUrl), {
    method: "POST",
    redirect: "error",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: options.token, signingKey: halves.signing, sealingKey: halves.sealing }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw new AppError({ code: "gateway.control_unreachable", status: 503, message: `The control plane at ${options.controlUrl} doesn't answer.`, cause, remedies: [{ text: "Check MANDATE_CONTROL_URL and that the control plane runs." }] });
  });
  if (response.status !== 201) {
    throw new AppError({ code: "gateway.enrolment_refused", status: 403, message: `The control plane refused this token (${response.status}): it was spent, is unknown, or belongs to another installation.`, remedies: [{ text: "Make a new one; each enrols one gateway once.", command: "mandate gateway create NAME" }] });
  }
  const answer = (await response.json()) as { id: string; name: string; origin: string; controlKey: string };
  const stored: StoredSlot = { ...answer, controlUrl: options.controlUrl, signing: pem(keys.signing), sealing: pem(keys.sealing) };
  await write(path, JSON.stringify(stored));
  return { ...answer, controlUrl: options.controlUrl, keys };
}

const pem = (key: SlotKeys["signing"]): string => key.export({ format: "pem", type: "pkcs8" }).toString();

/** Whole or not at all: half a slot would be a gateway that can neither go on nor enrol again. */
async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(`${path}.new`, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
}
