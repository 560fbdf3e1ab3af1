import { equalBytes } from "../encoding.ts";
import { noteVerifier } from "../tlog/note.ts";
import { parseTrust } from "../tlog/policy.ts";
import { isReceiptSigned, parseReceipt } from "../tlog/receipt.ts";
import type { OpenedReceipt } from "../tlog/receipt.ts";
import { messageOf } from "./pack-files.ts";
import type { PackLog } from "./pack-log.ts";
import type { Problems } from "./result.ts";

/**
 * Holds the logs to what their writers promised callers. The tree has every entry's hash, so a pack of one system answers
 * for the receipts of all. A stand-alone gateway signs with its own key, which the trust file then names under the log.
 * @returns receipts kept
 */
export function checkReceipts(logs: readonly PackLog[], receipts: readonly string[], trust: string | undefined, problems: Problems): number {
  let kept = 0;
  receipts.forEach((text, at) => {
    const path = `--receipt ${at + 1}`;
    let receipt: OpenedReceipt;
    try {
      receipt = parseReceipt(text.trim());
    } catch (error) {
      problems.add("receipt.malformed", messageOf(error), path);
      return;
    }
    const log = logs.find(({ checkpoint }) => checkpoint.origin === receipt.origin);
    if (log === undefined) {
      problems.add("receipt.log_missing", `the pack lacks \`${receipt.origin}\`, of which you hold a receipt`, path);
      return;
    }
    if (!isReceiptSigned(receipt, [log.verifier, ...trustedKeys(trust)])) problems.add("receipt.signature", "no known key of this log signed the receipt", path);
    else if (receipt.index >= log.tree.size)
      problems.add("receipt.not_in_log", `the log ends at ${log.tree.size}; ${receipt.decision} was promised at ${receipt.index}`, path, receipt.index);
    else if (!equalBytes(log.tree.read(0, receipt.index), receipt.leaf))
      problems.add("receipt.contradicted", `another entry stands where ${receipt.decision} was promised`, path, receipt.index);
    else kept++;
  });
  return kept;
}

function trustedKeys(trust: string | undefined) {
  try {
    return trust === undefined ? [] : parseTrust(trust).logs.map(noteVerifier);
  } catch {
    // What is wrong with the trust file is reported where trust is judged.
    return [];
  }
}
