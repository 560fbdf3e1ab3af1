import { AppError, entities } from "@mandate/model";

/**
 * What a service account may be given, and the routes each opens. INVARIANT: everything else is refused, so that a route
 * added later is closed to automation until somebody lists it here; approvals, people, sessions and secrets never are.
 */
export const serviceScopes = {
  "register.read": "Read the register, decisions, findings and figures",
  "register.write": "Apply manifests and change register objects",
  "credentials.write": "Issue, rotate, suspend and revoke gateway keys",
  "evidence.export": "Export evidence packs without disclosed content, and the record in other formats",
  decide: "Ask for decisions (AuthZEN)",
  provisioning: "Keep people and groups from a directory (SCIM 2.0)",
} as const;
export type ServiceScope = keyof typeof serviceScopes;
export const serviceScopeNames = Object.keys(serviceScopes) as ServiceScope[];

type Opening = readonly [methods: RegExp, route: RegExp];

const plurals = Object.values(entities).map((one) => one.plural).filter((plural) => plural !== "people");
const objectRoute = new RegExp(`^/api/v1/(?:${plurals.join("|")})(?:/:name)?(?:/history)?$`);
const opens: Readonly<Record<ServiceScope, readonly Opening[]>> = {
  "register.read": [
    [/^GET$/, objectRoute],
    [/^GET$/, /^\/api\/v1\/(?:systems|authorizations|credentials|external-credentials|findings|decisions|overview|frameworks|controls|gateways|exceptions|reassessments|incidents|events|organizations|units|data-boundaries|identities|assessments|tier-decisions|conditions|policy-versions|change-events|evidence\/(?:logs|head|proof|checkpoints))(?:\/|$)/],
  ],
  "register.write": [
    [/^POST$/, /^\/api\/v1\/apply$/],
    [/^(?:PUT|DELETE)$/, objectRoute],
  ],
  "credentials.write": [[/^POST$/, /^\/api\/v1\/(?:external-)?credentials(?:\/|$)/]],
  "evidence.export": [
    [/^POST$/, /^\/api\/v1\/(?:evidence\/packs|exports\/:format)$/],
    [/^GET$/, /^\/api\/v1\/exports$/],
  ],
  decide: [[/^POST$/, /^\/access\/v1\//]],
  provisioning: [[/^(?:GET|POST|PUT|PATCH|DELETE)$/, /^\/scim\/v2\//]],
};

/** Open to each account: who am I, and what is there. */
const always: readonly Opening[] = [[/^GET$/, /^\/api\/v1\/(?:session|session\/state|openapi\.json)$/]];

/** @param route the route's pattern, `/api/v1/systems/:name`; undefined where nothing is @throws AppError `identity.scope_missing` (403) */
export function requireServiceScope(scopes: readonly string[], method: string, route: string | undefined): void {
  const fits = ([methods, routes]: Opening): boolean => methods.test(method) && route !== undefined && routes.test(route);
  if (always.some(fits)) return;
  const needed = serviceScopeNames.filter((scope) => opens[scope].some(fits));
  if (needed.some((scope) => scopes.includes(scope))) return;
  throw new AppError({
    code: "identity.scope_missing",
    status: 403,
    message: needed.length === 0 ? "A service account can't do this; a person has to." : `This needs the scope ${needed.join(" or ")}.`,
    remedies: [{ text: needed.length === 0 ? "Do it as a person." : "Ask an administrator to make an account with that scope." }],
  });
}
