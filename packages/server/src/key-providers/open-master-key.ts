import { randomFillSync } from "node:crypto";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@mandate/model";
import { loadMasterKey, parseMasterKey } from "../secrets/index.ts";
import { awsKms } from "./aws-kms.ts";
import type { Fetch, KeyConfiguration, KeyProvider } from "./provider.ts";
import { vaultTransit } from "./vault-transit.ts";

const context = "mandate.master-key/1";

interface Wrapped {
  readonly provider: string;
  readonly key: string;
  readonly wrapped: string;
}

/**
 * The 32 bytes that wrap every other key. With a key service they exist in clear in this process alone: the data
 * directory holds them wrapped, and whoever copies it without the service opens nothing.
 * - A master key that lay in a file is wrapped and the file removed: an installation moves by one restart.
 * - Rotation: at each start it is wrapped anew, so a new version of the service's key, or another key, takes over there
 *   and the old one can be disabled.
 * @throws AppError `keys.*`, `secrets.master_key`
 */
export async function openMasterKey(configuration: KeyConfiguration, dataDir: string, fetch: Fetch = (request) => globalThis.fetch(request)): Promise<Uint8Array> {
  const path = join(dataDir, "master-key.wrapped");
  if (configuration.kind === "file" || configuration.kind === "environment") {
    // A second key would be made beside the real one, and everything sealed would look damaged.
    if (await exists(path))
      throw new AppError({ code: "keys.provider_missing", status: 500, message: "This installation's master key is wrapped by a key service, and none is configured.", remedies: [{ text: "Set MANDATE_KEY_PROVIDER as it was." }] });
    return configuration.kind === "file" ? loadMasterKey(configuration.path, dataDir) : parseMasterKey(configuration.text, "MANDATE_MASTER_KEY");
  }
  const provider = configuration.kind === "aws-kms" ? awsKms(configuration, fetch) : vaultTransit(configuration, fetch);
  const known = await readWrapped(path);
  if (known !== undefined && known.provider !== configuration.kind)
    throw new AppError({ code: "keys.provider_missing", status: 500, message: `This installation's master key is wrapped by ${known.provider}, not by ${configuration.kind}.`, remedies: [{ text: "Set MANDATE_KEY_PROVIDER as it was." }] });
  const plainFile = join(dataDir, "master-key");
  const key = known !== undefined ? await provider.unwrap(known.wrapped, context) : (await exists(plainFile)) ? await loadMasterKey(null, dataDir) : randomFillSync(new Uint8Array(32));
  if (key.length !== 32) throw new AppError({ code: "keys.refused", status: 500, message: "The key service gave something back that is no master key.", remedies: [{ text: "Check that the data directory and the key service belong together." }] });
  await keep(path, configuration.kind, provider, key);
  // Only once the wrapped form is durable and was seen to open.
  await rm(plainFile, { force: true });
  return key;
}

/** INVARIANT: the file is replaced only by what was proven to open, so a key that may encrypt and not decrypt locks nobody out. */
async function keep(path: string, kind: string, provider: KeyProvider, key: Uint8Array): Promise<void> {
  const wrapped = await provider.wrap(key, context);
  const opened = await provider.unwrap(wrapped, context);
  if (!Buffer.from(opened).equals(Buffer.from(key))) throw new AppError({ code: "keys.refused", status: 500, message: "The key service doesn't open what it has just wrapped.", remedies: [{ text: "Check which key is configured." }] });
  const text = JSON.stringify({ provider: kind, key: provider.keyName, wrapped } satisfies Wrapped);
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, `${text}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

async function readWrapped(path: string): Promise<Wrapped | undefined> {
  if (!(await exists(path))) return undefined;
  try {
    const value = JSON.parse(await readFile(path, "utf8")) as Partial<Wrapped>;
    if (typeof value.provider === "string" && typeof value.wrapped === "string") return { provider: value.provider, key: String(value.key), wrapped: value.wrapped };
  } catch {
    // Told below.
  }
  throw new AppError({ code: "keys.wrapped_unreadable", status: 500, message: `${path} can't be read. Restore it from your backup.`, remedies: [{ text: "Put its newest copy there and start again." }] });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
