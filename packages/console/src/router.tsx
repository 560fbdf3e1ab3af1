import { lazy } from "react";
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { inventoryFilters, inventoryKinds } from "./pages/kinds.ts";
import { Shell } from "./shell/shell.tsx";
import { Crashed } from "./shell/crashed.tsx";
import { NotFound } from "./shell/not-found.tsx";
import type { PlaceKey } from "./pages/place.tsx";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" && value.length <= 200
    ? value
    : typeof value === "number"
      ? String(value)
      : undefined;
/** Keeps the named search values that are short text; a view is its address, nothing else gets in. */
const only =
  <K extends string>(...names: readonly K[]) =>
  (search: Record<string, unknown>): { [P in K]?: string } =>
    Object.fromEntries(
      names.flatMap((name) => (text(search[name]) === undefined ? [] : [[name, text(search[name])]])),
    ) as { [P in K]?: string };

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });
const shell = createRoute({ getParentRoute: () => root, id: "shell", component: Shell });
const inShell = { getParentRoute: () => shell } as const;

const overview = createRoute({
  ...inShell,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/overview.tsx"), "OverviewPage"),
});
const systems = createRoute({
  ...inShell,
  path: "/systems",
  validateSearch: only("q", "lifecycle", "tier", "status"),
  component: lazyRouteComponent(() => import("./pages/systems.tsx"), "SystemsPage"),
});
const system = createRoute({
  ...inShell,
  path: "/systems/$name",
  validateSearch: only("tab", "propose", "grant", "cut"),
  component: lazyRouteComponent(() => import("./pages/system/page.tsx"), "SystemPage"),
});
const register = createRoute({
  ...inShell,
  path: "/register",
  component: lazyRouteComponent(() => import("./pages/register.tsx"), "RegisterPage"),
});
const importing = createRoute({
  ...inShell,
  path: "/import",
  component: lazyRouteComponent(() => import("./pages/intake/import.tsx"), "ImportPage"),
});
const approvals = createRoute({
  ...inShell,
  path: "/approvals",
  component: lazyRouteComponent(() => import("./pages/approvals.tsx"), "ApprovalsPage"),
});
const evidenceSearch = only("q", "outcome", "system", "when");
const evidence = createRoute({
  ...inShell,
  path: "/evidence",
  validateSearch: evidenceSearch,
  component: lazyRouteComponent(() => import("./pages/evidence.tsx"), "EvidencePage"),
});
const evidenceOne = createRoute({
  ...inShell,
  path: "/evidence/$id",
  validateSearch: evidenceSearch,
  component: lazyRouteComponent(() => import("./pages/evidence.tsx"), "EvidencePage"),
});
const sessions = createRoute({
  ...inShell,
  path: "/sessions/$id",
  component: lazyRouteComponent(() => import("./pages/session.tsx"), "SessionPage"),
});
const content = createRoute({
  ...inShell,
  path: "/content",
  component: lazyRouteComponent(() => import("./pages/content.tsx"), "ContentPage"),
});
const check = createRoute({
  ...inShell,
  path: "/check",
  component: lazyRouteComponent(() => import("./pages/check.tsx"), "CheckPage"),
});
const audits = createRoute({
  ...inShell,
  path: "/audits",
  component: lazyRouteComponent(() => import("./pages/audits/list.tsx"), "AuditsPage"),
});
const audit = createRoute({
  ...inShell,
  path: "/audits/$id",
  validateSearch: only("draw", "member"),
  component: lazyRouteComponent(() => import("./pages/audits/room.tsx"), "AuditPage"),
});
const findings = createRoute({
  ...inShell,
  path: "/findings",
  validateSearch: only("kind", "owner", "state", "system", "overdue"),
  component: lazyRouteComponent(() => import("./pages/findings/page.tsx"), "FindingsPage"),
});
const incidents = createRoute({
  ...inShell,
  path: "/incidents",
  validateSearch: only("id", "system"),
  component: lazyRouteComponent(() => import("./pages/incidents/page.tsx"), "IncidentsPage"),
});
const reassessments = createRoute({
  ...inShell,
  path: "/reassessments",
  component: lazyRouteComponent(() => import("./pages/reassessments/list.tsx"), "ReassessmentsPage"),
});
const reassessment = createRoute({
  ...inShell,
  path: "/reassessments/$id",
  component: lazyRouteComponent(() => import("./pages/reassessments/one.tsx"), "ReassessmentPage"),
});
const legalReviews = createRoute({
  ...inShell,
  path: "/legal-reviews",
  component: lazyRouteComponent(() => import("./pages/legal-reviews/page.tsx"), "LegalReviewsPage"),
});
const credentials = createRoute({
  ...inShell,
  path: "/credentials",
  validateSearch: only("system", "leaked"),
  component: lazyRouteComponent(() => import("./pages/credentials.tsx"), "CredentialsPage"),
});
const settings = createRoute({
  ...inShell,
  path: "/settings",
  validateSearch: only("tab"),
  component: lazyRouteComponent(() => import("./pages/settings/page.tsx"), "SettingsPage"),
});
const account = createRoute({
  ...inShell,
  path: "/account",
  component: lazyRouteComponent(() => import("./pages/account/account.tsx"), "AccountPage"),
});
const inventory = inventoryKinds.flatMap((kind) => [
  createRoute({
    ...inShell,
    path: `/${kind}` as "/models",
    validateSearch: only("q", ...inventoryFilters),
    component: lazyRouteComponent(() => import("./pages/objects/list.tsx"), "ObjectsPage"),
  }),
  createRoute({
    ...inShell,
    path: `/${kind}/$name` as "/models/$name",
    validateSearch: only("asOf"),
    component: lazyRouteComponent(() => import("./pages/objects/page.tsx"), "ObjectPage"),
  }),
]);

const risks = createRoute({
  ...inShell,
  path: "/risks",
  component: lazyRouteComponent(() => import("./pages/records/risks.tsx"), "RisksPage"),
});
const reviews = createRoute({
  ...inShell,
  path: "/reviews",
  component: lazyRouteComponent(() => import("./pages/records/reviews.tsx"), "ReviewsPage"),
});
const documents = createRoute({
  ...inShell,
  path: "/documents",
  component: lazyRouteComponent(() => import("./pages/records/documents.tsx"), "DocumentsPage"),
});

const exceptions = createRoute({
  ...inShell,
  path: "/exceptions",
  validateSearch: only("system", "kind", "id"),
  component: lazyRouteComponent(() => import("./pages/exceptions/page.tsx"), "ExceptionsPage"),
});
const promotion = createRoute({
  ...inShell,
  path: "/systems/$name/promotion",
  component: lazyRouteComponent(() => import("./pages/promotion/page.tsx"), "PromotionPage"),
});

const frameworks = createRoute({
  ...inShell,
  path: "/frameworks",
  validateSearch: only("key", "control", "system", "show"),
  component: lazyRouteComponent(() => import("./pages/frameworks/page.tsx"), "FrameworksPage"),
});

const reports = createRoute({
  ...inShell,
  path: "/reports",
  validateSearch: only("kind", "month"),
  component: lazyRouteComponent(() => import("./pages/reports/page.tsx"), "ReportsPage"),
});
const policies = createRoute({
  ...inShell,
  path: "/policies",
  component: lazyRouteComponent(() => import("./pages/policies/list.tsx"), "PoliciesPage"),
});
const policy = createRoute({
  ...inShell,
  path: "/policies/$name",
  validateSearch: only("rule", "for"),
  component: lazyRouteComponent(() => import("./pages/policies/one.tsx"), "PolicyPage"),
});

const reach = createRoute({
  ...inShell,
  path: "/reach",
  validateSearch: only("q", "kind", "from"),
  component: lazyRouteComponent(() => import("./pages/reach/page.tsx"), "ReachPage"),
});

const Place = lazy(async () => ({ default: (await import("./pages/place.tsx")).Place }));
const place = (path: string, key: PlaceKey) =>
  createRoute({ ...inShell, path: path as "/unregistered", component: () => <Place which={key} /> });
const places = [
  place("/unregistered", "unregistered"),
];

const approve = createRoute({
  getParentRoute: () => root,
  path: "/approve/$id",
  component: lazyRouteComponent(() => import("./pages/approve.tsx"), "ApprovePage"),
});
const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: lazyRouteComponent(() => import("./pages/sign-in.tsx"), "SignInPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    shell.addChildren([
      overview,
      systems,
      system,
      register,
      importing,
      approvals,
      policies,
      policy,
      reach,
      evidence,
      evidenceOne,
      sessions,
      content,
      check,
      audits,
      audit,
      findings,
      incidents,
      legalReviews,
      reassessments,
      reassessment,
      credentials,
      settings,
      account,
      risks,
      reviews,
      documents,
      exceptions,
      promotion,
      frameworks,
      reports,
      ...inventory,
      ...places,
    ]),
    approve,
    signIn,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: Crashed,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
