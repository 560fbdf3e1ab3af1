import { AppError } from "@mandate/model";
import type { AISystemSpec } from "@mandate/model";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { lockRegister, readObject } from "../registry/index.ts";
import { openReassessment } from "./open.ts";
import type { Trigger } from "./triggers.ts";

export const vendorEventKinds = ["terms", "sub-processor", "region", "training", "breach", "sanction"] as const;
export type VendorEventKind = (typeof vendorEventKinds)[number];

const triggerOf: Readonly<Record<VendorEventKind, Trigger>> = { terms: "vendor-terms", "sub-processor": "vendor-sub-processor", region: "vendor-region", training: "vendor-training", breach: "vendor-breach", sanction: "vendor-sanction" };
const said: Readonly<Record<VendorEventKind, string>> = {
  terms: "changed its terms", "sub-processor": "has another sub-processor", region: "processes in another region", training: "may train on what it is sent", breach: "reported a breach", sanction: "is under sanctions",
};

export interface VendorEvent {
  readonly kind: VendorEventKind;
  /** What happened, one line. */
  readonly summary: string;
  readonly url?: string | undefined;
  /** The value it has now, such as `US` for a region. */
  readonly value?: string | undefined;
}

/** What the reassessment slice asks of others. */
export interface DependentPorts {
  readonly dependentsOf: (tx: Tx, org: string, subject: string) => Promise<readonly { readonly system: string; readonly owners: readonly string[]; readonly spec: AISystemSpec; readonly through: readonly string[] }[]>;
  readonly reconcile: (tx: Tx, ctx: CommandContext<Tx>, record: (evidence: MutationEvidence) => void) => Promise<unknown>;
}

/**
 * A vendor's own change, which no manifest shows. Breach and sanction stop every system that depends on it; the rest
 * run on for 14 days, except what the event itself says is against a signed answer.
 * @returns the case, or null where no system with an authorization depends on the vendor
 */
export async function reportVendorEvent(ctx: CommandContext<Tx>, name: string, event: VendorEvent, ports: DependentPorts): Promise<string | null> {
  return ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const vendor = await readObject(tx, ctx.org, "Vendor", name);
    if (!vendor) throw new AppError({ code: "reassessment.vendor_unknown", status: 404, message: "There is no vendor with this name.", remedies: [{ text: "List them.", command: "npx mandate get vendors" }] });
    const subject = `vendor:${name}`;
    const affected = await ports.dependentsOf(tx, ctx.org, subject);
    const member = { terms: "terms", "sub-processor": "subprocessors", region: "regions", training: "training", breach: "breach", sanction: "sanction" }[event.kind];
    const spec = vendor.spec as Readonly<Record<string, unknown>>;
    const [old, next] = [{ [member]: spec[member] ?? null }, { [member]: valueOf(event, spec[member]) }];
    const title = `${name} ${said[event.kind]}: ${event.summary}`;
    const trigger = triggerOf[event.kind];
    record({ type: "register.change", payload: { action: "vendor-event", kind: "Vendor", name, event: event.kind, summary: event.summary, url: event.url ?? null, by: ctx.actor.id, systems: affected.map((one) => one.system) } });
    if (affected.length === 0) return null;
    const kind = trigger === "vendor-breach" || trigger === "vendor-sanction" ? "C" : "B";
    const id = await openReassessment(tx, ctx, record, {
      key: `vendor-event:${name}:${event.kind}`, trigger, subject, title, observedBy: ctx.actor.email ?? ctx.actor.id, old, new: next, url: event.url, heldBy: "case",
      systems: affected.map(({ system, owners, spec: approved, through }) => ({
        system, owners, changes: [{ class: kind, trigger, subject, what: title.slice(0, 300), old, new: next }],
        differences: kind === "C" || against(event, approved) ? [subject, ...through] : [subject],
      })),
    });
    await ports.reconcile(tx, ctx, record);
    return id;
  });
}

/** The event says by itself that a signed answer no longer holds: what goes there is the difference. */
function against(event: VendorEvent, approved: AISystemSpec): boolean {
  const { boundary } = approved;
  if (event.kind === "training") return boundary?.training !== "allowed" && event.value !== "never";
  return event.kind === "region" && event.value !== undefined && boundary?.regions.some((region) => region === event.value) !== true;
}

function valueOf(event: VendorEvent, before: unknown): unknown {
  const value = event.value ?? (event.kind === "training" ? "allowed" : event.summary);
  return Array.isArray(before) ? [...before, value] : event.kind === "region" || event.kind === "sub-processor" ? [value] : value;
}
