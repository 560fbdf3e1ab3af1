import { hkdfSync } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import { isProbe } from "@mandate/model";
import type { RegisterFacts } from "@mandate/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { askProcess, listenerOf, OutboundRule } from "@mandate/gateway";
import { signingKeyFromSeed } from "@mandate/gateway/remote";
import { approvalGauges, approvalReminders, peopleOf, watchNewcomers, approvalRoutes, askToSignDelegation, committeeAppointed, delegationSignedEffect, lapseQuestionsOf, openHold, spendApproval } from "./approvals/index.ts";
import type { DecisionPorts } from "./approvals/index.ts";
import { approverSets, authorizationDecided, reassessmentPorts, authorizationReminders, sampleAttestations, deriveFacts, KeptFacts, exceptionSeats, gateSubject, pilotExtended, readSystemView, reconcile } from "./authorization/index.ts";
import { auditRoutes, refuseEndedAuditor } from "./audits/index.ts";
import { breakGlassApproved, breakGlassRoutes, withBreakGlass } from "./break-glass/index.ts";
import { watchConditions } from "./conditions/index.ts";
import type { Configuration } from "./configuration.ts";
import { createContexts, readRegisterVersion, systemActor } from "./context/index.ts";
import type { Contexts } from "./context/index.ts";
import { checkReadings, controlRoutes, createControls, probeCredentials, withProbes } from "./controls/index.ts";
import { CredentialMirror, credentialRoutes, noteCredentialUse } from "./credentials/index.ts";
import type { LookUpSystem } from "./credentials/index.ts";
import { createSlots, accessRequestRoutes, asksWithApiToken, authzenRoutes, startDataPlane } from "./data-plane/index.ts";
import type { DataPlane } from "./data-plane/index.ts";
import type { Database, Tx } from "./database/index.ts";
import { decisionItem, decisionRoutes } from "./decisions/index.ts";
import { delegationRoutes, endDelegationsOf } from "./delegations/index.ts";
import { EventHub, eventRoutes } from "./events/index.ts";
import { heads, listDecisions, openEvidence } from "./evidence/index.ts";
import type { Evidence } from "./evidence/index.ts";
import { createEventStreams, eventStreamRoutes } from "./event-streams/index.ts";
import { exportRoutes } from "./exports/index.ts";
import { exceptionDecided, exceptionReminders, exceptionRoutes, withExceptions } from "./exceptions/index.ts";
import { externalCredentialRoutes } from "./external-credentials/index.ts";
import { callbackPath, createAttempts, createOidcClient, federationRoutes } from "./federation/index.ts";
import { countFindings, escalateFindings, findingRoutes, reportFinding, settleFindings } from "./findings/index.ts";
import type { NewFinding } from "./findings/index.ts";
import { gateRoutes } from "./gates/index.ts";
import { frameworkRoutes } from "./frameworks/index.ts";
import { createGatewayList, GatewayFigures, GatewayLinks, gatewayRoutes } from "./gateways/index.ts";
import { allowedHosts, buildApp, databaseIdempotency, operationsRoutes, RequestCounts, serveConsole } from "./http/index.ts";
import type { App, OpenApiDocument } from "./http/index.ts";
import { accountRoutes, askHoldersForRoles, createAuthenticate, createFallback, identityRoutes, noteBootstrapStart, passkeyResetEffect, roleGrantEffect, signInRoutes } from "./identity/index.ts";
import { incidentRoutes, killRoutes, watchIncidents, withStops } from "./incidents/index.ts";
import type { IncidentPorts } from "./incidents/index.ts";
import { startJobs } from "./jobs/index.ts";
import type { RunningJobs } from "./jobs/index.ts";
import type { ServerLog } from "./log.ts";
import { createLeases } from "./limits/index.ts";
import { createMirror, mirrorRoutes } from "./log-mirror/index.ts";
import { legalReviewDecided, legalReviewRoutes, withClearedFlows } from "./legal-reviews/index.ts";
import { createIssuerKeys, createTokenEndpoint, ensureSigningKey, machineIdentityRoutes, suspendCredentialsOf, tidyTokens, watchCredentials } from "./machine-identity/index.ts";
import { inUseRoutes } from "./in-use/index.ts";
import { askServer, mcpPinRoutes, OfferQueue } from "./mcp-pins/index.ts";
import { deliverNotices, notificationRoutes } from "./notifications/index.ts";
import { overviewRoutes } from "./overview/index.ts";
import { policyRoutes, watchPolicies } from "./policies/index.ts";
import { createProofs, invariantRoutes, standingIn } from "./proofs/index.ts";
import { createChallenges, passkeySupport, phoneLinks } from "./passkeys/index.ts";
import { createStoreCheck, proofRoutes, rotateLogRoutes } from "./proof/index.ts";
import { followOwners, ownerRoutes, ownerSucceeds, vacateSeatsOf, watchOwners } from "./owners/index.ts";
import { buildSnapshot, FindingReporter, Publisher, readStoppedNow, withoutStopped } from "./publisher/index.ts";
import { noteOffered, observeChange, openReassessment, reassessmentRoutes, watchMeasures, watchPins } from "./reassessment/index.ts";
import { currentConcerns, recordRoutes, watchRecords } from "./records/index.ts";
import { registerRoutes } from "./register-routes/index.ts";
import { registerViewRoutes } from "./register-views/index.ts";
import { history, loadRegister, policiesIn } from "./registry/index.ts";
import type { RegisterPorts } from "./registry/index.ts";
import { reportRoutes } from "./reports/index.ts";
import { clearErased, endContent, eraseApproved, replayErasures, retentionRoutes, shredErased } from "./retention/index.ts";
import { SpanIntake } from "./reported-spans/index.ts";
import { replayRoutes, sampleReplays } from "./replay/index.ts";
import { scimRoutes } from "./scim/index.ts";
import { searchRoutes } from "./search/index.ts";
import { holdSealing, secretRoutes } from "./secrets/index.ts";
import { endServiceAccountsOf, serviceAccountRoutes } from "./service-accounts/index.ts";
import { loopbackAllow, readOutboundAllow, settingRoutes } from "./settings/index.ts";
import { loweringDecided, organizationTerms, ownRulesApproved, reviewTiers, tieringRoutes } from "./tiering/index.ts";
import { createCosigner, tlogRoutes, witnessRoutes } from "./witnesses/index.ts";
import { keepMonths, upkeepGauges, upkeepRoutes } from "./upkeep/index.ts";
import { visibilityRoutes, watchVisibility, withFullCapture } from "./visibility/index.ts";

export interface ServerOptions {
  readonly configuration: Configuration;
  readonly db: Database;
  readonly organization: { readonly org: string; readonly name: string };
  readonly masterKey: Uint8Array;
  readonly now: () => number;
  readonly random: (bytes: Uint8Array) => Uint8Array;
  readonly log: ServerLog;
  readonly sample: boolean;
  /** Bearer of this process's own service account; never printed, never stored. */
  readonly internalToken: string;
}

export interface RunningServer {
  readonly app: App;
  readonly gatewayServer: Server;
  readonly contexts: Contexts;
  readonly publisher: Publisher;
  readonly evidence: Evidence;
  readonly dataPlane: DataPlane;
  readonly document: OpenApiDocument;
  readonly jobs: RunningJobs;
  readonly org: string;
  close(): Promise<void>;
}

/** Everything but sockets: built in the order in which the slices need each other, ready when it returns. */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const { configuration, db, masterKey, now, random, log } = options;
  const { org, name: organizationName } = options.organization;
  const evidence = await openEvidence({ db, org, host: new URL(configuration.consoleUrl).hostname, organization: organizationName, now, random, masterKey, checkpointsDir: join(configuration.dataDir, "checkpoints") });
  const hub = new EventHub();
  // Nothing to shed before there is a journal: what a restore carries out again is before that.
  let erased: (() => Promise<unknown>) | undefined;
  const contexts = createContexts({
    db,
    org,
    now,
    random,
    append: (tx, entries) => evidence.appendAllInTransaction(tx, entries),
    published: (version) => publisher.published(version),
    recorded: (entries, version) => {
      hub.emit({ event: "change", data: { kinds: [...new Set(entries.map((entry) => entry.type))], version } });
      if (entries.some((entry) => entry.type === "evidence.erasure")) void erased?.().catch((error: unknown) => log.warn("an erasure's copy or journal waits for the next turn", { internal: String(error) }));
    },
  });
  const quiet = contexts.quiet(systemActor("gateway"));
  const erasuresFile = join(configuration.dataDir, "erasures.jsonl");
  const replayErased = (): Promise<number> => replayErasures(contexts.quiet(systemActor("restore")), erasuresFile);
  // Before anything serves: a restored backup holds keys that were destroyed since.
  const replayed = await replayErased();
  if (replayed > 0) log.warn("erasures were carried out again on a restored database", { erasures: replayed });
  const sealing = holdSealing(masterKey, org, random);
  const defaultAllow = configuration.loopback ? [...loopbackAllow] : [];
  const outboundAtStart = (await db.read(org, (tx) => readOutboundAllow(tx, org))) ?? defaultAllow;
  const reporter = new FindingReporter({
    async write({ change, ...finding }) {
      await reportFinding(quiet, finding);
      if (change === undefined || finding.system === null) return;
      const owners = await db.read(org, (tx) => reassessing.ownersOf(tx, org, finding.system!));
      // Nothing of it in force: nothing to re-open.
      if (owners !== null) await observeChange(contexts.for(systemActor("gateway")), { ...change, system: finding.system, title: finding.title }, owners, reassessing.dependents);
    },
    count: (seen) => db.transaction(org, (tx) => countFindings(tx, org, seen, new Date(now()))),
    ownerOf: (system) => publisher.current.facts.systems.find((one) => one.name === system)?.owners.technical ?? null,
    failed: (error) => log.warn("findings not written", { internal: String(error) }),
  });
  const reportedSpans = new SpanIntake({ db, org, now, failed: (error) => log.warn("reported spans not written", { internal: String(error) }) });
  const keptFacts = new KeptFacts();
  const keptCredentials = new CredentialMirror();
  const publisher: Publisher = new Publisher({
    build: () => buildSnapshot({ db, org, organizationName, now, masterKey, evidence, defaultAllow, consoleUrl: configuration.consoleUrl, gatewayUrl: configuration.gatewayUrl, log, credentials: keptCredentials, deriveFacts: async (tx, nowMs) => enforcedFacts(tx, nowMs, await keptFacts.derive(tx, nowMs)), planted: probeCredentials(masterKey, org) }),
    stopped: (snapshot, sinceMs) => db.read(org, async (tx) => withoutStopped(snapshot, await withStops(tx, snapshot.facts), await readStoppedNow(tx, org, sinceMs))),
    version: () => db.read(org, (tx) => readRegisterVersion(tx, org)),
    now,
    log,
    holds: {
      open: (hold, snapshot) => openHold(quiet, hold, snapshot.facts, configuration.consoleUrl, sealing),
      spend: (id, callHash, system) => spendApproval(quiet, id, callHash, system, configuration.consoleUrl),
    },
    report: (finding) => (isProbe(finding.system) ? undefined : reporter.report(finding)),
    offered: (server, tools) => offers.note(server, tools),
    spans: (system, spans) => reportedSpans.add(system, spans),
    confirmedElsewhere: (version) => links.confirmed(version),
  });
  let isPublishing = false;
  const cosigner = createCosigner({ db, org, evidence, now, log, outbound: () => new OutboundRule(isPublishing ? publisher.current.outboundAllow : outboundAtStart), report: (finding) => reportFinding(quiet, finding) });
  await cosigner.check();
  // Derived, so that every start signs as the control plane that gateways enrolled with.
  const controlKey = signingKeyFromSeed(Buffer.from(hkdfSync("sha256", masterKey, org, "mandate.control-key/1", 32)));
  const links = new GatewayLinks({ publisher, key: controlKey, now, random });
  await ensureSigningKey(contexts.quiet(systemActor("access-tokens")), masterKey);
  await publisher.start();
  isPublishing = true;
  let usedUntil = 0;
  const leases = createLeases({ db, org, now, log, models: () => publisher.current.facts.models });
  const dataPlane = await startDataPlane({ evidence, publisher, dataDir: configuration.dataDir, now, random, log, leases, slots: createSlots(db, org), sessions: { takeSession: (id) => links.sessions.take(null, id), answerSessions: (give) => links.sessions.answerHere(give) }, env: configuration.telemetry, onSequenced: (entries) => void emitDecisions(entries), takeOver });
  let erasing: Promise<unknown> = Promise.resolve();
  erased = () => (erasing = erasing.catch(() => undefined).then(() => dataPlane.shed()).then(replayErased));

  function takeOver(request: IncomingMessage, response: ServerResponse): boolean {
    if (!asksWithApiToken(request, configuration.bootstrapToken)) return false;
    app.routing(request, response);
    return true;
  }

  async function emitDecisions(entries: number): Promise<void> {
    if (now() - usedUntil >= noteUseEveryMs) {
      // A minute of overlap, because a gateway's entries arrive later than they were written.
      const since = new Date(usedUntil === 0 ? now() - 86_400_000 : usedUntil - 60_000);
      usedUntil = now();
      await db.transaction(org, (tx) => noteCredentialUse(tx, org, since)).catch((error: unknown) => log.warn("last uses not noted", { internal: String(error) }));
    }
    if (!hub.listening) return;
    const { items } = await db.read(org, (tx) => listDecisions(tx, org, { limit: Math.min(entries, 20) })).catch(() => ({ items: [] }));
    for (const item of items.toReversed()) hub.emit({ event: "decision", data: decisionItem(item, undefined) });
  }

  const counts = new RequestCounts();
  const secureCookies = configuration.consoleUrl.startsWith("https:");
  let page: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean> = async () => false;
  const authenticate = createAuthenticate({ db, org, now, contexts, bootstrapToken: configuration.bootstrapToken, internalToken: options.internalToken, secureCookies, refuse: (tx, actor) => refuseEndedAuditor(tx, org, actor, now()) });
  const { app, document } = buildApp({
    authenticate,
    allowedHosts: allowedHosts(configuration.host, configuration.publicUrl),
    idempotency: databaseIdempotency(db, org),
    counts,
    now,
    log,
    page: (request, reply) => page(request, reply),
  });
  const storeCheck = createStoreCheck({ db, org, now, keys: { masterKey, random, now }, report: (finding) => reportFinding(quiet, finding), settle: (kinds, open) => settleFindings(quiet, kinds, open) });
  const closers: (() => void)[] = [];
  const passkeys = passkeySupport(configuration.consoleUrl);
  const tierOf = async (tx: Tx, inOrg: string, name: string, nowMs: number) => (await readSystemView(tx, inOrg, name, nowMs))?.tier;
  const departures = [endDelegationsOf, lapseQuestionsOf, endServiceAccountsOf, vacateSeatsOf, suspendCredentialsOf];
  const decisions: DecisionPorts = {
    effects: { "legal.review": legalReviewDecided, "owner.succeed": ownerSucceeds, exception: exceptionDecided({ tierOf }), "role.grant": roleGrantEffect, "break-glass": breakGlassApproved, "passkey.reset": passkeyResetEffect, pilot: authorizationDecided, production: authorizationDecided, renew: pilotExtended, delegation: delegationSignedEffect, "committee.appoint": committeeAppointed, "tier.lower": loweringDecided(reconcile), "tier.rules": ownRulesApproved(reconcile), "evidence.erase": eraseApproved() },
    relyingParty: passkeys.relyingParty,
    quiet: (actor) => contexts.quiet(actor),
  };
  const reassessing = reassessmentPorts(decisions, contexts.for(systemActor("reassessment")));
  const offers = new OfferQueue({ note: (server, tools) => noteOffered(contexts.for(systemActor("gateway")), server, tools, reassessing.drift), failed: (error) => log.warn("what an MCP server offers was not written", { internal: String(error) }) });
  const proofs = createProofs((error) => log.warn("a proof about policies failed", { internal: String(error) }));
  const ports: RegisterPorts = {
    prove: (question) => proofs.prove(question),
    reconcile: async (tx, ctx, record) => {
      const outcomes = await reconcile(tx, ctx, record);
      await followOwners(tx, ctx, record);
      return outcomes;
    },
    deriveFacts,
    pinMcpServer: async ({ name, url, process, credential }) => {
      const { secrets, outboundAllow, mcpCommands } = publisher.current;
      if (url === null) return process === null ? undefined : askProcess(name, process, mcpCommands ?? [], now());
      const secret = secrets.find((one) => one.name === credential) ?? null;
      // A server that wants a credential isn't asked without it.
      if (credential !== null && secret === null) return undefined;
      return askServer(url, { outbound: new OutboundRule(outboundAllow), secret, timeoutMs: mcpAskMs });
    },
  };

  const upkeep = { db, org, now, dataDir: configuration.dataDir, isEmbedded: configuration.databaseUrl === null, quotaBytes: configuration.storeQuotaBytes };
  upkeepRoutes(app, upkeep);
  operationsRoutes(app, {
    readiness: () => {
      const gateway = dataPlane.gateway.ready();
      return { ready: gateway.ready, checks: { snapshot: gateway.registerVersion !== null, evidence: gateway.evidence } };
    },
    counts,
    metrics: async () => {
      // Figures of the database stay out while it is away: those of this process matter most then.
      const stored = await Promise.all([db.read(org, (tx) => approvalGauges(tx, org, now())), upkeepGauges(upkeep)]).catch(() => []);
      return [...stored.flat(), ...dataPlane.metrics()];
    },
  });
  identityRoutes(app, { db, org, organizationName, now, contexts, askForRoles: askHoldersForRoles, consoleUrl: configuration.consoleUrl, gatewayUrl: configuration.gatewayUrl, secureCookies, sample: options.sample, passkeys, departures, phoneLinks: phoneLinks(configuration.publicUrl) });
  const challenges = createChallenges(masterKey, org, random);
  const fallback = createFallback(masterKey, org);
  signInRoutes(app, { now, contexts, secureCookies, passkeys, challenges, fallback });
  accountRoutes(app, { db, org, now, contexts, passkeys, challenges, fallback });
  breakGlassRoutes(app, { db, org, now, contexts, tierOf });
  exceptionRoutes(app, { db, org, now, contexts, decisions, ports: { tierOf, approvers: (tx, inOrg, tier) => exceptionSeats(tx, inOrg, tier) } });
  gateRoutes(app, { db, org, now, subject: (tx, name, nowMs) => gateSubject(tx, org, name, nowMs), approvers: async (tx, system, tier, type) => peopleOf(tx, org, now(), system, await approverSets(tx, org, tier, type)) });
  serviceAccountRoutes(app, { db, org, now, contexts });
  credentialRoutes(app, { db, org, now, contexts, lookUp, issuer: configuration.consoleUrl });
  externalCredentialRoutes(app, { db, org, now, contexts });
  secretRoutes(app, { db, org, contexts, masterKey });
  const outbound = (): OutboundRule => new OutboundRule(publisher.current.outboundAllow);
  const issuerKeys = createIssuerKeys({ db, org, now, contexts, outbound, sessionIssuers: () => publisher.current.facts.systems.flatMap((system) => system.session.issuers), report: (finding) => reportFinding(quiet, finding), settle: (kinds, open) => settleFindings(quiet, kinds, open) });
  const tokenEndpoint = createTokenEndpoint({ ctx: contexts.quiet(systemActor("token-endpoint")), masterKey, issuer: configuration.consoleUrl, snapshot: () => publisher.current, issuerKeys });
  await machineIdentityRoutes(app, { db, org, now, issuer: configuration.consoleUrl, endpoint: tokenEndpoint });
  const redirectUri = configuration.consoleUrl + callbackPath;
  federationRoutes(app, { db, org, now, contexts, masterKey, secureCookies, redirectUri, consoleUrl: configuration.consoleUrl, oidc: createOidcClient({ redirectUri, outbound, now }), attempts: createAttempts(masterKey, org, random) });
  notificationRoutes(app, { db, org, now, random, contexts, masterKey, outbound, publicUrl: configuration.consoleUrl });
  settingRoutes(app, { db, org, contexts, defaultAllow });
  findingRoutes(app, { db, org, now, contexts });
  approvalRoutes(app, { db, org, now, contexts, ports: decisions, consoleUrl: configuration.consoleUrl, openInput: (approval) => sealing.open(approval.context["input"], String(approval.context["sealedAs"])) });
  delegationRoutes(app, { db, org, now, contexts, askToSign: askToSignDelegation });
  const gateways = () => {
    const state = dataPlane.gateway.ready();
    const { sinceMs, ...lately } = dataPlane.gateway.added.lastHour();
    return [{ name: dataPlane.slot, registerVersion: state.registerVersion, lastSeen: new Date(publisher.confirmedAt()).toISOString(), confirmed: state.registerVersion === publisher.current.version, added: { since: new Date(sinceMs).toISOString(), ...lately } }];
  };
  const gatewayList = createGatewayList({ db, org, links, figures: new GatewayFigures(now), local: gateways });
  gatewayRoutes(app, {
    db, org, now, contexts, evidence, links, key: controlKey, list: gatewayList,
    openHold: (hold) => publisher.port().openHold(hold),
    spend: (id, callHash, system) => publisher.port().spendApproval(id, callHash, system),
    report: (finding) => publisher.port().report(finding),
    offered: (server, tools) => offers.note(server, tools),
    spans: (system, spans) => reportedSpans.add(system, spans),
    lease: (holder, ask) => leases.grant(holder, ask),
    onSequenced: (entries) => void emitDecisions(entries),
  });
  const drain = async (): Promise<number> => {
    await links.drain();
    return dataPlane.drain();
  };
  const startedAt = performance.now();
  const measuring = createControls({
    sinceStartMs: () => performance.now() - startedAt,
    db, org, now, log, masterKey, drain,
    facts: () => publisher.current.facts,
    listener: () => listenerOf(dataPlane.server.address()),
    slot: dataPlane.slot,
    elsewhere: async () => (await gatewayList.elsewhere()).map(({ id, ...one }) => ({ ...one, ask: (calls) => links.probe(id, calls) })),
    readings: () => checkReadings({ db, org, evidence, keys: { masterKey, random, now }, actor: systemActor("controls"), register: () => publisher.current.version }),
    report: (finding) => reportFinding(quiet, finding),
    settle: (kinds, open) => settleFindings(quiet, kinds, open),
  });
  const reassess: IncidentPorts["reassess"] = async (tx, ctx, record, { id, title, systems }) => {
    if (systems.length === 0) return;
    await openReassessment(tx, ctx, record, { key: `incident:${id}`, trigger: "incident", subject: `incident:${id}`, title: `Incident: ${title}`, observedBy: ctx.actor.email ?? ctx.actor.id, old: null, new: { incident: id }, heldBy: "case", systems: systems.map((system) => ({ system })) });
    await ports.reconcile(tx, ctx, record);
  };
  incidentRoutes(app, { db, org, now, contexts, ports: { reassess } });
  killRoutes(app, { db, org, now, contexts, gateways });
  ownerRoutes(app, { db, org, now, contexts, ports });
  legalReviewRoutes(app, { db, org, now, contexts });
  visibilityRoutes(app, { db, org, now, facts: () => publisher.current.facts });
  mcpPinRoutes(app, { contexts, ports, drift: reassessing.drift });
  await scimRoutes(app, { db, org, contexts, ports, departures, report: (finding) => reportFinding(quiet, finding), log });
  reassessmentRoutes(app, { db, org, now, contexts, ...reassessing });
  frameworkRoutes(app, { db, org, now });
  reportRoutes(app, { db, org, organization: organizationName, now });
  controlRoutes(app, { db, org, contexts, controls: measuring });
  recordRoutes(app, { db, org, now, contexts, ports });
  tieringRoutes(app, { db, org, now, contexts, ports });
  registerViewRoutes(app, { db, org });
  inUseRoutes(app, { db, org, now });
  await registerRoutes(app, { db, org, now, contexts, ports, decisions });
  decisionRoutes(app, { db, org, drain });
  proofRoutes(app, { db, org, organizationName, contexts, facts: () => publisher.current.facts, now, random, masterKey, evidence, drain, scratchDir: join(configuration.dataDir, "scratch"), cosign: cosigner.ask, storeCheck });
  rotateLogRoutes(app, { contexts, evidence, gateway: dataPlane, report: (finding) => reportFinding(quiet, finding) });
  auditRoutes(app, { db, org, now, contexts, evidence, keys: { masterKey, random }, drain: () => drain().then(() => evidence.publishCheckpoints({ counts: "now" })), cosign: cosigner.ask });
  const streams = createEventStreams({ db, org, now, outbound, secrets: () => publisher.current.secrets, report: (finding) => reportFinding(quiet, finding), settle: (kinds, open) => settleFindings(quiet, kinds, open) });
  eventStreamRoutes(app, { db, org, contexts, run: streams.run });
  exportRoutes(app, { db, org, organizationName, now, contexts, evidence, drain, scratchDir: join(configuration.dataDir, "scratch") });
  witnessRoutes(app, { db, org, now, contexts, ask: cosigner.ask, report: (finding) => reportFinding(quiet, finding) });
  const mirror = createMirror({ db, org, evidence, now, outbound, secrets: () => publisher.current.secrets, report: (finding) => reportFinding(quiet, finding), settle: (kinds, open) => settleFindings(quiet, kinds, open) });
  mirrorRoutes(app, { db, org, contexts, mirror });
  tlogRoutes(app, { db, org, metaOrigin: evidence.metaOrigin });
  retentionRoutes(app, { db, org, contexts, evidence, keys: { masterKey, random, now }, issuers: () => publisher.current.facts.systems.flatMap((system) => system.session.issuers), drain });
  const replaying = { db, org, keys: { masterKey, random, now } };
  replayRoutes(app, { ...replaying, now, contexts, drain, facts: () => publisher.current.facts });
  policyRoutes(app, {
    ...replaying, now, contexts, drain,
    facts: (tx) => deriveFacts(tx, now(), { asWritten: true }),
    proofs,
    policiesOf: async (tx) => policiesIn(await loadRegister(tx, org)),
    specOf: async (tx, name) => (await loadRegister(tx, org)).get("Policy", name)?.spec,
    versionsOf: (name) => history(contexts.quiet(systemActor("policies")), "Policy", name),
  });
  invariantRoutes(app, {
    db, org, proofs,
    asked: async (tx) => ({ facts: await deriveFacts(tx, now()), invariants: standingIn(policiesIn(await loadRegister(tx, org))) }),
  });
  searchRoutes(app, { ...replaying, contexts, drain: () => Promise.all([drain(), reportedSpans.flush()]) });
  overviewRoutes(app, { db, org, now, publisher, checked: storeCheck.state, gateways: gatewayList.all });
  eventRoutes(app, hub, { onClose: (close) => closers.push(close), now, stillValid: async (request) => (await authenticate(request).catch(() => null)) !== null });
  accessRequestRoutes(app, { db, org, now, base: configuration.consoleUrl });
  await authzenRoutes(app, () => dataPlane.gateway, configuration.consoleUrl);
  if (options.sample) {
    const { sampleRoutes } = await import("./sample/index.ts");
    const host = configuration.host.includes(":") ? `[${configuration.host}]` : configuration.host;
    sampleRoutes(app, { controlUrl: `http://${host}:${configuration.port}`, gatewayUrl: configuration.gatewayUrl, token: options.internalToken, log: (line) => log.info("sample", { line }) });
  }
  page = await serveConsole(app);
  app.get("/api/v1/openapi.json", { config: { access: "public" } }, () => document.render("0.1.0"));
  await app.ready();

  const findingPorts = { report: (finding: NewFinding) => reportFinding(quiet, finding), settle: (kinds: readonly string[], open: ReadonlySet<string>) => settleFindings(quiet, kinds, open) };
  // One line a job; each slice makes its own.
  const jobs = startJobs(
    [
      cosigner.job,
      storeCheck.job,
      mirror.job,
      streams.job,
      escalateFindings(contexts.quiet(systemActor("findings"))),
      watchIncidents(contexts.quiet(systemActor("incidents")), findingPorts),
      watchOwners(contexts.quiet(systemActor("owners")), findingPorts),
      watchVisibility(contexts.quiet(systemActor("visibility")), { ...findingPorts, facts: () => publisher.current.facts }),
      reviewTiers({ db, org, ctx: contexts.for(systemActor("tiering")), quiet: contexts.quiet(systemActor("tiering")), follow: reconcile }),
      approvalReminders(contexts.quiet(systemActor("approvals"))),
      watchNewcomers(contexts.quiet(systemActor("approvals")), findingPorts),
      watchConditions(contexts.for(systemActor("conditions"))),
      authorizationReminders(contexts.quiet(systemActor("authorizations"))),
      sampleAttestations(contexts.quiet(systemActor("authorizations")), { heads: (tx) => heads(tx, org) }),
      exceptionReminders(contexts.quiet(systemActor("exceptions"))),
      watchMeasures(contexts.for(systemActor("reassessment")), {
        reconcile,
        ownersOf: reassessing.ownersOf,
        reviewsBelow: async (tx, inOrg, nowMs) => (await currentConcerns(tx, inOrg, nowMs)).flatMap((one) => (one.kind === "review.below" && one.system !== null ? [{ key: one.key, system: one.system, title: one.title, detail: one.detail }] : [])),
      }),
      watchRecords(quiet, { report: (finding) => reportFinding(quiet, finding), settle: (kinds, open) => settleFindings(quiet, kinds, open) }),
      watchPins(contexts.for(systemActor("mcp")), { ...reassessing.drift, ask: ports.pinMcpServer! }),
      measuring.job(contexts.quiet(systemActor("controls"))),
      watchPolicies(replaying, contexts.quiet(systemActor("policies")), findingPorts.report),
      sampleReplays(replaying, { now, report: (finding) => reportFinding(quiet, finding) }),
      endContent(db, contexts.quiet(systemActor("retention"))),
      keepMonths(db),
      reportedSpans.job,
      shredErased({ db, org, now, log, shedJournal: () => dataPlane.shed() }),
      clearErased({ db, ctx: contexts.quiet(systemActor("retention")), evidence, report: (finding) => reportFinding(quiet, finding) }),
      issuerKeys.refresh,
      tidyTokens(db, contexts.for(systemActor("access-tokens")), masterKey),
      watchCredentials(quiet, { report: (finding) => reportFinding(quiet, finding), settle: (kinds, open) => settleFindings(quiet, kinds, open), systems: () => publisher.current.facts.systems }),
      deliverNotices({ db, ctx: contexts.quiet(systemActor("notifications")), masterKey, outbound, publicUrl: configuration.consoleUrl, report: (finding) => reportFinding(quiet, finding) }),
    ],
    log,
  );

  if (configuration.bootstrapToken !== null) await noteBootstrapStart(contexts.quiet(systemActor("start")));
  return {
    app,
    gatewayServer: dataPlane.server,
    contexts,
    publisher,
    evidence,
    dataPlane,
    document,
    jobs,
    org,
    async close() {
      links.close();
      await jobs.close();
      for (const close of closers) close();
      await proofs.close();
      await Promise.all([app.close(), closeListener(dataPlane.server)]);
      await reporter.flush();
      await reportedSpans.flush();
      await offers.settled();
      await dataPlane.close();
      publisher.close();
    },
  };
}

const noteUseEveryMs = 5000;

/** What gateways enforce: the register, and what people lifted, stopped or cleared beside it. */
const enforcedFacts = async (tx: Tx, nowMs: number, derived: RegisterFacts): Promise<RegisterFacts> => withFullCapture(tx, await withClearedFlows(tx, nowMs, await withStops(tx, await withBreakGlass(tx, nowMs, await withExceptions(tx, nowMs, withProbes(derived))))));

/** An apply waits this long for MCP servers; those that don't answer stay unpinned. */
const mcpAskMs = 3000;

/** What issuing a key must know of its system. */
const lookUp: LookUpSystem = async (tx, org, name, nowMs) => {
  const view = await readSystemView(tx, org, name, nowMs);
  return view && { retired: view.lifecycle === "retired", tier: view.tier, maxDays: (await organizationTerms(tx, org))(view.tier).credentialMaxDays, owners: view.owners };
};

/** Takes no new connection; running calls are ended by the gateway's own drain. */
async function closeListener(server: Server): Promise<void> {
  server.close();
  server.closeIdleConnections();
}
