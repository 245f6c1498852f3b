/**
 * Judgements and the result of a clause, which is derived from them: the worst evidence first.
 *
 * The same rules stand in server/domain/judgement.py; schemas/vectors/judgement holds both together.
 */
import { gradeIn, isWithdrawn, WORST_FIRST, type FindingView } from './finding';
import type { EntityView, LogView } from './fold';
import type { FindingGrade, JudgementResult } from './vocabulary';

const SEEN_FIRST = ['conforms', 'not_applicable', 'not_planned'] as const satisfies JudgementResult[];

/** A grade or a judgement's result, and how many judgements and findings it rests on. */
export interface ClauseResult {
  readonly criterion: string;
  readonly result: FindingGrade | JudgementResult;
  readonly judgements: number;
  /** Numbers of the findings, lowest first. */
  readonly findings: readonly string[];
}

/** Where and by whom something was judged. `auditor` is the id of a team member. */
export interface JudgementPlace {
  readonly criterion: string;
  readonly process: string | null;
  readonly site: string | null;
  readonly shift: string | null;
  readonly auditor: string;
}

/** The same five parts always give the same entity: a second judgement is a change of the first. */
export function judgementId({ criterion, process, site, shift, auditor }: JudgementPlace): string {
  return [criterion, process || '-', site || '-', shift || '-', auditor].join('~');
}

/**
 * The result of each criterion, in the order given. `numbers` maps finding ids to their numbers.
 *
 * A finding outweighs every judgement, the worst grade in the criterion's standard first; then `conforms`; what nobody judged is `not_seen`.
 */
export function clauseResults(
  view: LogView,
  criteria: Iterable<string>,
  numbers: ReadonlyMap<string, string>,
): ClauseResult[] {
  const judgements = new Map<string, EntityView<'judgement'>[]>();
  for (const judgement of view.ofKind('judgement')) push(judgements, judgement.get('criterion') ?? '', judgement);
  const findings = new Map<string, FindingView[]>();
  for (const finding of view.ofKind('finding')) {
    if (isWithdrawn(finding)) continue;
    for (const criterion of new Set(finding.get('criteria') ?? [])) push(findings, criterion, finding);
  }
  return [...criteria].map((criterion) =>
    clauseResult(view, criterion, judgements.get(criterion) ?? [], findings.get(criterion) ?? [], numbers),
  );
}

function clauseResult(
  view: LogView,
  criterion: string,
  judgements: readonly EntityView<'judgement'>[],
  findings: readonly FindingView[],
  numbers: ReadonlyMap<string, string>,
): ClauseResult {
  const standard = criterion.split(':', 1)[0]!;
  const grades = new Set(findings.map((finding) => gradeIn(view, finding, standard)));
  const said = new Set(judgements.map((judgement) => judgement.get('result')));
  const worst = WORST_FIRST.find((grade) => grades.has(grade));
  // A positive finding does not change a clause's result.
  const result =
    worst === 'positive' ? 'conforms' : (worst ?? SEEN_FIRST.find((value) => said.has(value)) ?? 'not_seen');
  return {
    criterion,
    result,
    judgements: judgements.filter((judgement) => (judgement.get('result') ?? 'not_seen') !== 'not_seen').length,
    findings: findings.map((finding) => numbers.get(finding.id)!).sort((one, other) => Number(one) - Number(other)),
  };
}

function push<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const found = map.get(key);
  if (found === undefined) map.set(key, [item]);
  else found.push(item);
}
