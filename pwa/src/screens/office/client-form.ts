/** A client as the form holds it: text in every field, so that half a number is no loss. */
import type { Schemas } from '../../domain/vocabulary';

export type Client = Schemas['AuditClient'];
export type Site = Schemas['ClientSite'];

/** In the place of an id: a client that does not exist yet. */
export const NEW = 'new';

export const CLIENT_FIELDS = ['name', 'address', 'representative', 'email', 'scope'] as const;
export type ClientField = (typeof CLIENT_FIELDS)[number];

export interface SiteForm {
  name: string;
  address: string;
  headcount: string;
  shifts: string;
}

export type ClientForm = Record<ClientField, string> & { sites: SiteForm[] };

export function toForm(client: Client | null): ClientForm {
  return {
    name: client?.name ?? '',
    address: client?.address ?? '',
    representative: client?.representative ?? '',
    email: client?.email ?? '',
    scope: client?.scope ?? '',
    sites: (client?.sites ?? []).map((site) => ({
      name: site.name,
      address: site.address ?? '',
      headcount: site.headcount == null ? '' : String(site.headcount),
      shifts: (site.shifts ?? []).join(', '),
    })),
  };
}

/** What is sent. A site that was left empty is left out. */
export function fromForm(form: ClientForm): Client {
  const fields = Object.fromEntries(CLIENT_FIELDS.map((field) => [field, form[field].trim()])) as Record<
    ClientField,
    string
  >;
  return {
    ...fields,
    sites: form.sites
      .filter((site) => site.name.trim() !== '')
      .map((site) => ({
        name: site.name.trim(),
        address: site.address.trim(),
        headcount: headcountOf(site.headcount),
        shifts: site.shifts
          .split(',')
          .map((shift) => shift.trim())
          .filter(Boolean),
      })),
  };
}

export function headcountOf(text: string): number | null {
  const digits = text.replace(/[\s.'’]/g, '');
  return /^\d{1,8}$/.test(digits) ? Number(digits) : null;
}

/** One site in one line, to compare two versions by eye. */
export function siteLine(site: SiteForm): string {
  return [site.name, site.address, site.headcount, site.shifts].filter(Boolean).join(', ');
}

export interface Difference {
  readonly field: ClientField | 'sites';
  readonly theirs: string;
  readonly yours: string;
}

/** What two people left different. */
export function differences(theirs: ClientForm, yours: ClientForm): Difference[] {
  const found: Difference[] = CLIENT_FIELDS.filter((field) => theirs[field].trim() !== yours[field].trim()).map(
    (field) => ({
      field,
      theirs: theirs[field],
      yours: yours[field],
    }),
  );
  const [before, after] = [theirs.sites.map(siteLine).join('\n'), yours.sites.map(siteLine).join('\n')];
  return before === after ? found : [...found, { field: 'sites', theirs: before, yours: after }];
}
