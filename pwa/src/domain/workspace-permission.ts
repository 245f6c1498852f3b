/**
 * What an account may do in a workspace, so that a screen offers only what the server would allow.
 *
 * The table that decides is `PERMITTED` in server/domain/permissions.py.
 */
import type { Role } from './vocabulary';

export type WorkspaceAction =
  | 'manage_accounts'
  | 'manage_settings'
  | 'edit_clients'
  | 'see_clients'
  | 'create_audit'
  | 'issue_report'
  | 'see_mail'
  | 'release_quarantine'
  | 'erase_content';

const PERMITTED: Readonly<Record<WorkspaceAction, readonly Role[]>> = {
  manage_accounts: ['administrator', 'programme_manager'],
  manage_settings: ['administrator', 'programme_manager'],
  edit_clients: ['administrator', 'programme_manager', 'lead_auditor', 'quality_manager'],
  see_clients: [
    'administrator',
    'programme_manager',
    'lead_auditor',
    'auditor',
    'technical_reviewer',
    'quality_manager',
    'reader',
  ],
  create_audit: ['programme_manager', 'lead_auditor', 'quality_manager'],
  issue_report: ['lead_auditor'],
  release_quarantine: ['lead_auditor'],
  erase_content: ['programme_manager'],
  see_mail: ['administrator', 'programme_manager', 'lead_auditor'],
};

export function isPermitted(roles: readonly Role[], action: WorkspaceAction): boolean {
  return roles.some((role) => PERMITTED[action].includes(role));
}
