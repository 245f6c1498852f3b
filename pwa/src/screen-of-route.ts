/**
 * Which file shows which address, and in what frame. Screens are fetched when they are first shown; the service worker
 * has them all, so that works offline.
 */
import type { Component } from 'svelte';
import type { RouteName } from './routes';

/**
 * `nav`: under the app's own navigation. `audit`: the screen brings its top bar and has the whole height to itself
 * (`block-size: 100%`). `bare`: nothing around it, for whoever is not signed in yet.
 */
export type Frame = 'nav' | 'audit' | 'bare';

interface Place {
  /** Under screens/, without the ending. */
  readonly file: string;
  readonly frame: Frame;
  /** Also for somebody who has never signed in on this tablet. */
  readonly open?: true;
}

export const PLACES: Readonly<Record<Exclude<RouteName, 'home'>, Place>> = {
  sign_in: { file: 'account/SignIn', frame: 'bare', open: true },
  join: { file: 'account/Join', frame: 'bare', open: true },
  join_token: { file: 'account/Join', frame: 'bare', open: true },
  join_first: { file: 'account/Join', frame: 'bare', open: true },
  new_password: { file: 'account/NewPassword', frame: 'bare', open: true },
  new_password_token: { file: 'account/NewPassword', frame: 'bare', open: true },
  settings: { file: 'Settings', frame: 'nav', open: true },
  sync: { file: 'field/SyncScreen', frame: 'nav' },
  help: { file: 'Help', frame: 'nav', open: true },
  audits: { file: 'field/AuditList', frame: 'nav' },
  audit_new: { file: 'field/NewAudit', frame: 'nav' },
  audit: { file: 'field/AuditDay', frame: 'audit' },
  audit_setup: { file: 'field/AuditSetup', frame: 'audit' },
  audit_checklist: { file: 'field/Checklist', frame: 'audit' },
  audit_clause: { file: 'field/Checklist', frame: 'audit' },
  audit_findings: { file: 'field/FindingList', frame: 'audit' },
  audit_finding: { file: 'field/FindingEditor', frame: 'audit' },
  audit_evidence: { file: 'field/EvidenceGallery', frame: 'audit' },
  audit_disputes: { file: 'field/DisputeList', frame: 'audit' },
  audit_set_aside: { file: 'field/SetAside', frame: 'audit' },
  audit_closing: { file: 'field/ClosingMeeting', frame: 'audit' },
  audit_report: { file: 'field/ReportScreen', frame: 'audit' },
  clients: { file: 'office/Clients', frame: 'nav' },
  client: { file: 'office/ClientEditor', frame: 'nav' },
  people: { file: 'office/People', frame: 'nav' },
  mails: { file: 'office/Mails', frame: 'nav' },
  family: { file: 'Family', frame: 'bare', open: true },
};

/** A screen's props are its route's parameters, by name. */
export type Screen = Component<Readonly<Record<string, string>>>;
type Module = { default: Screen };

const FILES = import.meta.glob<Module>('./screens/{*,account/*,field/*,office/*}.svelte');

export function placeOf(name: RouteName): Place {
  return PLACES[name === 'home' ? 'audits' : name];
}

/** Undefined where the screen is not part of this build. */
export function loaderOf(name: RouteName): (() => Promise<Module>) | undefined {
  return FILES[`./screens/${placeOf(name).file}.svelte`];
}
