/** Which grades an audit gives: a stage 1 has areas of concern and no grades (ISO/IEC 17021-1:2015, 9.3.1.2). */
import type { AuditType, FindingGrade } from '../../domain/vocabulary';

const CERTIFICATION: readonly FindingGrade[] = [
  'major_nonconformity',
  'minor_nonconformity',
  'opportunity_for_improvement',
  'positive',
];

export function gradesOf(type: AuditType | null | undefined): readonly FindingGrade[] {
  return type === 'stage_1' ? ['area_of_concern', 'opportunity_for_improvement', 'positive'] : CERTIFICATION;
}
