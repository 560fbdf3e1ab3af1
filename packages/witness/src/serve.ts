import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { formatVerifierKey, keyIdOf, parseTrust, signatureTypes } from "@mandate/ledger";
import type { VerifierKey } from "@mandate/ledger";
import { generateSigner, signerFromPem } from "@mandate/ledger/node";
import type { NodeSigner } from "@mandate/ledger/node";
import { flushFolder, openWitnessState, writeDurably } from "./state.ts";
import { createWitness } from "./witness.ts";

export interface WitnessOptions {
  /** Key name, as the log's operator and verifiers will write it: `witness.example.org`. */
  readonly name: string;
  /** Its own: key and newest checkpoints. */
  readonly dataDir: string;
  /** Text of verifier keys one a line, or a tlog-policy: which logs are cosigned. */
  readonly logs: string;
  readonly host: string;
  readonly port: number;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

export interface RunningWitness {
  readonly url: string;
  /** Cosignature verifier key, one line. */
  readonly vkey: string;
  close(): Promise<void>;
}

/** A proof of 63 hashes and a note of 64 signatures fit several times. */
const maxBodyBytes = 64 * 1024;

/** Opens state and key, then listens. Throws when another witness has the folder, or the logs can't be read. */
export async function startWitness(options: WitnessOptions): Promise<RunningWitness> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const state = openWitnessState(join(options.dataDir, "checkpoints"));
  try {
    const logs: readonly VerifierKey[] = parseTrust(options.logs).logs;
    if (logs.length === 0) throw new Error("No log's key is given, so there is nothing to witness.");
    const signer = openKey(options.dataDir, options.name);
    const keyId = keyIdOf(options.name, signatureTypes.cosignature, signer.publicKey);
    const vkey = formatVerifierKey(options.name, signer.publicKey, signatureTypes.cosignature);
    const witness = createWitness({ key: { name: options.name, keyId, signBytes: signer.signBytes }, logs, state, now: options.now });
    const server = createServer((request, response) => {
      answer(request, response).catch((error: unknown) => {
        options.log(`failed: ${error instanceof Error ? error.message : String(error)}`);
        if (response.headersSent) response.destroy();
        else send(response, 500, "text/plain; charset=utf-8", "The witness failed.\n");
      });
    });
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const url = new URL(request.url ?? "/", "http://witness");
      if (request.method === "POST" && url.pathname === "/add-checkpoint") {
        const body = await readBody(request);
        if (body === undefined) return send(response, 413, "text/plain; charset=utf-8", "too large\n");
        const { status, contentType, body: text } = witness.addCheckpoint(body);
        if (status !== 200) options.log(`refused (${status}): ${text.trim()}`);
        return send(response, status, contentType, text);
      }
      if (request.method === "GET" && url.pathname === "/vkey") return send(response, 200, "text/plain; charset=utf-8", `${vkey}\n`);
      const kept = request.method === "GET" && url.pathname === "/checkpoint" ? witness.checkpoint(url.searchParams.get("origin") ?? "") : undefined;
      if (kept !== undefined) return send(response, 200, "text/plain; charset=utf-8", kept);
      return send(response, 404, "text/plain; charset=utf-8", "not found\n");
    };
    server.requestTimeout = 10_000;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.host, resolve);
    });
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
      vkey,
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        state.close();
      },
    };
  } catch (error) {
    state.close();
    throw error;
  }
}

/** Made at the first start. INVARIANT: the key is durable before anything is signed with it. */
function openKey(directory: string, name: string): NodeSigner {
  const path = join(directory, "key.pem");
  if (existsSync(path)) return signerFromPem(name, readFileSync(path, "utf8"));
  const signer = generateSigner(name);
  writeDurably(`${path}.new`, signer.exportPem());
  renameSync(`${path}.new`, path);
  flushFolder(directory);
  return signer;
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBodyBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body), "x-content-type-options": "nosniff" });
  response.end(body);
}
