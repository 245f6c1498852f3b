/** What of the clause tree is shown: everything, what nobody has seen, what has findings; in one process, site or shift. */
import type { ClauseResult } from '../../../domain/judgement';
import type { Clause, Standard } from '../../../domain/standard';
import { isWithin, rollUp, type RolledUp } from '../catalogue';

export const SHOWN = ['all', 'not_seen', 'findings'] as const;
export type Shown = (typeof SHOWN)[number];

export type TreeRow =
  | { readonly kind: 'heading'; readonly clause: Clause; readonly rolled: RolledUp }
  | { readonly kind: 'clause'; readonly clause: Clause; readonly result: ClauseResult };

export function isShownBy(shown: Shown, result: ClauseResult): boolean {
  if (shown === 'not_seen') return result.result === 'not_seen';
  if (shown === 'findings') return result.findings.length > 0;
  return true;
}

/** The rows of one standard. `among` limits the tree to what is planned somewhere; a heading without clauses is left out. */
export function treeOf(
  standard: Standard,
  results: ReadonlyMap<string, ClauseResult>,
  shown: Shown,
  among: ReadonlySet<string> | null,
): TreeRow[] {
  const meant = standard.clauses.filter(
    (clause) => clause.auditable && (among === null || among.has(clause.criterion)),
  );
  const rows: TreeRow[] = [];
  for (const clause of standard.clauses) {
    if (clause.auditable) {
      const result = results.get(clause.criterion);
      if (result && meant.includes(clause) && isShownBy(shown, result)) rows.push({ kind: 'clause', clause, result });
      continue;
    }
    const below = meant
      .filter((other) => isWithin(other, clause))
      .flatMap((other) => results.get(other.criterion) ?? []);
    if (below.some((result) => isShownBy(shown, result))) rows.push({ kind: 'heading', clause, rolled: rollUp(below) });
  }
  return rows;
}
