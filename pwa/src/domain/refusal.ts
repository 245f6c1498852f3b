/**
 * A reason to say no: a stable code and the facts that fill the places in its sentence.
 *
 * A refusal is a value, not an exception. The codes of both sides and their English sentences stand in
 * server/domain/refusals.py, those that only a tablet says in `TABLET_CODES`; i18n/ translates them by code.
 */
export const TABLET_CODES = [
  // A command says no
  'account.unsent_work', //     {operations} {photos}  signing out would leave them on this tablet
  'closing.left_as_sealed', //  asked before the first change after the seal, somebody said no
  'closing.sealed_already', //  what changes now is listed in the report as a change since closing
  'evidence.empty', //          the file came empty from the camera: take it again
  'operation.under_seal', // a word or a record that somebody has vouched for is not taken back
  'operation.reason_missing', // a new grade or a withdrawal needs its reason
  // The device did not keep it (NotSaved)
  'storage.closed',
  'storage.failed',
  'storage.full',
  'storage.newer_app',
  'storage.unreadable',
  // A file that was taken out by hand
  'handover.nothing', //        there is nothing to take out
  'handover.too_large', //      more than a ZIP can count: one audit at a time
  'handover.not_in_team', //    a new audit, and this account is not in its team
  'handover.unproved', //       a new audit, and its log is not signed by the server that this tablet knows
  'handover.short_passphrase', // {least}
  'handover.not_written', //    where the file was to go, it could not be written
  // No live picture (NoCamera)
  'camera.busy',
  'camera.denied',
  'camera.failed',
  'camera.none',
  // What stopped a sync
  'sync.gateway', //            {status}  a proxy before the server could not pass the request on
  'sync.inconsistent', //       the server does not agree with itself
  'sync.not_the_server', //     {status}  somebody else answered: a hotel's sign-in page, a proxy
  'sync.other_account', //      somebody else is signed in on this browser
  'sync.storage', //            this tablet could not keep what came
  'sync.unreachable',
  'sync.upload_failed', //      {status}
  // At the start
  'device.storage_lost', //     this account's data is gone from this tablet although it worked here before
] as const;
export type TabletCode = (typeof TABLET_CODES)[number];

export interface Refusal {
  readonly code: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export function refuse(code: string, facts: Refusal['facts'] = {}): Refusal {
  return { code, facts };
}

/** Tells a refusal from whatever a function gives when all is well. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'code' in value && 'facts' in value;
}
