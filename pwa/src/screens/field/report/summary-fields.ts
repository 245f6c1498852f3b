/** The fields of the report's summary by how they are written. The list that is sealed is `SUMMARY` in domain/record.ts. */
import type { SUMMARY } from '../../../domain/record';

export type SummaryField = (typeof SUMMARY)[number];
export type SummaryFlag = 'is_scope_appropriate' | 'are_objectives_met';
export type SummaryText = Exclude<SummaryField, SummaryFlag | 'remote_share_percent'>;

export const SUMMARY_FLAGS: readonly SummaryFlag[] = ['is_scope_appropriate', 'are_objectives_met'];
