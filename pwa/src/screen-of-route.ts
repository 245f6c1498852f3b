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

/** Each is fetched by itself. What only screens use stands in no list: it comes with them. */
const SCREENS = {
  SignIn: () => import('./screens/account/SignIn.svelte'),
  Join: () => import('./screens/account/Join.svelte'),
  NewPassword: () => import('./screens/account/NewPassword.svelte'),
  Settings: () => import('./screens/Settings.svelte'),
  SyncScreen: () => import('./screens/field/sync/SyncScreen.svelte'),
  Help: () => import('./screens/Help.svelte'),
  AuditList: () => import('./screens/field/day/AuditList.svelte'),
  NewAudit: () => import('./screens/field/setup/NewAudit.svelte'),
  AuditDay: () => import('./screens/field/day/AuditDay.svelte'),
  AuditSetup: () => import('./screens/field/setup/AuditSetup.svelte'),
  Checklist: () => import('./screens/field/checklist/Checklist.svelte'),
  FindingList: () => import('./screens/field/findings/FindingList.svelte'),
  FindingEditor: () => import('./screens/field/findings/FindingEditor.svelte'),
  EvidenceGallery: () => import('./screens/field/evidence/EvidenceGallery.svelte'),
  ChainOfCustody: () => import('./screens/field/evidence/custody/ChainOfCustody.svelte'),
  DisputeList: () => import('./screens/field/disputes/DisputeList.svelte'),
  SetAside: () => import('./screens/field/sync/SetAside.svelte'),
  ClosingMeeting: () => import('./screens/field/closing/ClosingMeeting.svelte'),
  ReportScreen: () => import('./screens/field/report/ReportScreen.svelte'),
  Clients: () => import('./screens/office/Clients.svelte'),
  ClientEditor: () => import('./screens/office/ClientEditor.svelte'),
  People: () => import('./screens/office/People.svelte'),
  Mails: () => import('./screens/office/Mails.svelte'),
  Family: () => import('./screens/Family.svelte'),
};

interface Place {
  readonly screen: keyof typeof SCREENS;
  readonly frame: Frame;
  /** Also for somebody who has never signed in on this tablet. */
  readonly open?: true;
}

export const PLACES: Readonly<Record<Exclude<RouteName, 'home'>, Place>> = {
  sign_in: { screen: 'SignIn', frame: 'bare', open: true },
  join: { screen: 'Join', frame: 'bare', open: true },
  join_token: { screen: 'Join', frame: 'bare', open: true },
  join_first: { screen: 'Join', frame: 'bare', open: true },
  new_password: { screen: 'NewPassword', frame: 'bare', open: true },
  new_password_token: { screen: 'NewPassword', frame: 'bare', open: true },
  settings: { screen: 'Settings', frame: 'nav', open: true },
  sync: { screen: 'SyncScreen', frame: 'nav' },
  help: { screen: 'Help', frame: 'nav', open: true },
  audits: { screen: 'AuditList', frame: 'nav' },
  audit_new: { screen: 'NewAudit', frame: 'nav' },
  audit: { screen: 'AuditDay', frame: 'audit' },
  audit_setup: { screen: 'AuditSetup', frame: 'audit' },
  audit_checklist: { screen: 'Checklist', frame: 'audit' },
  audit_clause: { screen: 'Checklist', frame: 'audit' },
  audit_findings: { screen: 'FindingList', frame: 'audit' },
  audit_finding: { screen: 'FindingEditor', frame: 'audit' },
  audit_evidence: { screen: 'EvidenceGallery', frame: 'audit' },
  audit_evidence_chain: { screen: 'ChainOfCustody', frame: 'audit' },
  audit_disputes: { screen: 'DisputeList', frame: 'audit' },
  audit_set_aside: { screen: 'SetAside', frame: 'audit' },
  audit_closing: { screen: 'ClosingMeeting', frame: 'audit' },
  audit_report: { screen: 'ReportScreen', frame: 'audit' },
  clients: { screen: 'Clients', frame: 'nav' },
  client: { screen: 'ClientEditor', frame: 'nav' },
  people: { screen: 'People', frame: 'nav' },
  mails: { screen: 'Mails', frame: 'nav' },
  family: { screen: 'Family', frame: 'bare', open: true },
};

/** A screen's props are its route's parameters, by name. */
export type Screen = Component<Readonly<Record<string, string>>>;
type Module = { default: Screen };

export function placeOf(name: RouteName): Place {
  return PLACES[name === 'home' ? 'audits' : name];
}

export function loaderOf(name: RouteName): () => Promise<Module> {
  return SCREENS[placeOf(name).screen] as unknown as () => Promise<Module>;
}
