/**
 * Addresses. A tiny hash router: the app shell is one page, so a reload offline always finds it.
 *
 * Each route is a name and a pattern; a screen is found by the name, a link is written with `href`.
 */

export const ROUTES = {
  home: '/',
  sign_in: '/sign-in',
  join: '/join',
  join_token: '/join/:token',
  join_first: '/join/first/:founding',
  new_password: '/new-password',
  new_password_token: '/new-password/:token',
  settings: '/settings',
  sync: '/sync',
  help: '/help',
  audits: '/audits',
  // Before the audit itself, or "new" would be taken for the id of one.
  audit_new: '/audits/new',
  audit: '/audits/:id',
  audit_setup: '/audits/:id/setup',
  audit_checklist: '/audits/:id/checklist',
  audit_clause: '/audits/:id/checklist/:clause',
  audit_findings: '/audits/:id/findings',
  audit_finding: '/audits/:id/findings/:finding',
  audit_evidence: '/audits/:id/evidence',
  audit_evidence_chain: '/audits/:id/evidence/:evidence/chain',
  audit_disputes: '/audits/:id/disputes',
  audit_set_aside: '/audits/:id/set-aside',
  audit_closing: '/audits/:id/closing',
  audit_report: '/audits/:id/report',
  clients: '/clients',
  client: '/clients/:client',
  people: '/people',
  mails: '/mails',
  family: '/family',
} as const;

export type RouteName = keyof typeof ROUTES;

type ParamNames<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? Name
    : never;

export type RouteParams<N extends RouteName> = Readonly<Record<ParamNames<(typeof ROUTES)[N]>, string>>;

/** What the address says: distributes over the names, so that `name` narrows `params`. */
export type Route = { [N in RouteName]: { readonly name: N; readonly params: RouteParams<N> } }[RouteName];

/** Reads `#/audits/01J.../closing`; undefined when no pattern fits. */
export function parseHash(hash: string): Route | undefined {
  const given = segments(hash.replace(/^#/, '').split('?')[0] ?? '');
  for (const [name, pattern] of Object.entries(ROUTES)) {
    const params = match(segments(pattern), given);
    // The pattern of `name` was just matched, so these are its parameters.
    if (params) return { name, params } as Route;
  }
  return undefined;
}

type Params<N extends RouteName> = keyof RouteParams<N> extends never ? [] : [params: RouteParams<N>];

/** Writes the link to a route: `href('audit', { id })`. Missing parameters do not compile. */
export function href<N extends RouteName>(name: N, ...[params]: Params<N>): string {
  const values: Readonly<Record<string, string>> = params ?? {};
  return '#' + ROUTES[name].replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(values[key] ?? ''));
}

function segments(path: string): string[] {
  return path.split('/').filter(Boolean);
}

function match(pattern: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const value = given[index] ?? '';
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
      continue;
    }
    try {
      params[part.slice(1)] = decodeURIComponent(value);
    } catch {
      // A mangled link (`%zz`) is an unknown address, not a crash.
      return undefined;
    }
  }
  return params;
}
