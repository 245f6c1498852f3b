/**
 * Whether the team's recommendation for a standard was given over the nonconformities that stand now.
 *
 * Whoever recommends, or says that the recommendation stays, writes `considered`: what stood in that standard at that moment. The
 * same rule stands in server/domain/recommendation.py; schemas/vectors/before_report holds both together.
 */
import { citedStandards, gradeIn, isWithdrawn, NONCONFORMITIES, numberedFindings, numbersOf } from './finding';
import type { LogView } from './fold';
import { refuse, type Refusal } from './refusal';
import type { FindingGrade, Schemas } from './vocabulary';

export type Considered = Schemas['ConsideredFinding'];

/** The nonconformities that stand in this standard, by id, with their grade there: the value of `recommendation.considered`. */
export function consideredNow(view: LogView, standard: string): Considered[] {
  return view
    .ofKind('finding')
    .filter((finding) => !isWithdrawn(finding) && citedStandards(finding).includes(standard))
    .map((finding) => ({ finding: finding.id, grade: gradeIn(view, finding, standard) }))
    .filter((one): one is Considered => NONCONFORMITIES.includes(one.grade));
}

/** By standard, the findings that were raised, regraded or withdrawn since the recommendation was given or confirmed. */
export function outdatedRecommendations(view: LogView, audit: string): Refusal[] {
  const numbers = numbersOf(numberedFindings(view));
  const given = new Map(view.ofKind('recommendation').map((item) => [item.id, item]));
  return (view.find('audit', audit)?.get('criteria') ?? []).flatMap((standard) => {
    const recommendation = given.get(standard);
    if (!recommendation?.get('outcome')) return [];
    const was = gradesOf(recommendation.get('considered') ?? []);
    const now = gradesOf(consideredNow(view, standard));
    const differing = [...new Set([...was.keys(), ...now.keys()])].filter((one) => was.get(one) !== now.get(one));
    if (differing.length === 0) return [];
    // One that was deleted has no number any more.
    const findings = differing
      .flatMap((one) => numbers.get(one) ?? [])
      .sort((one, other) => Number(one) - Number(other));
    return [refuse('closing.recommendation_outdated', { standard, findings: findings.join(', ') })];
  });
}

function gradesOf(considered: readonly Considered[]): Map<string, FindingGrade> {
  return new Map(considered.map(({ finding, grade }) => [finding, grade]));
}
