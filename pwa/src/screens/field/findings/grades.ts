/** Grades as the screens show them: which ones an audit gives, and in words where the standards of a finding differ. */
import type { AuditType, FindingGrade } from '../../../domain/vocabulary';
import { say, t } from '../../../i18n';

const CERTIFICATION: readonly FindingGrade[] = [
  'major_nonconformity',
  'minor_nonconformity',
  'opportunity_for_improvement',
  'positive',
];

/** A stage 1 has areas of concern and no grades (ISO/IEC 17021-1:2015, 9.3.1.2). */
export function gradesOf(type: AuditType | null | undefined): readonly FindingGrade[] {
  return type === 'stage_1' ? ['area_of_concern', 'opportunity_for_improvement', 'positive'] : CERTIFICATION;
}

/** What is said of one finding: its grade, and the standards that it cites with the grade in each. */
export interface GivenGrades {
  readonly general: string | null;
  readonly byStandard: readonly (readonly [standard: string, grade: string | null])[];
}

/** "Minor; ISO 14001:2015: Major", the grade of the finding first; empty where every standard has the same. */
export function gradesInWords({ general, byStandard }: GivenGrades, nameOfStandard: (id: string) => string): string {
  if (new Set(byStandard.map(([, grade]) => grade)).size <= 1) return '';
  const word = (grade: string | null) => (grade === null ? t('finding.lacks_grade') : say('mark_short', grade));
  const apart = byStandard
    .filter(([, grade]) => grade !== general)
    .map(([standard, grade]) => t('finding.grades.line', { standard: nameOfStandard(standard), grade: word(grade) }));
  return (apart.length < byStandard.length ? [word(general), ...apart] : apart).join('; ');
}
