/** What an audit is called in a list: its client and its title; what it has of them. */
import type { AuditSummary } from '../../../store/queries';

export function auditName(audit: AuditSummary): string {
  return [audit.clientName, audit.title].filter(Boolean).join(' · ') || (audit.reference ?? audit.id);
}
