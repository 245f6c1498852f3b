/** One edition of a standard as the server hands it out (server/standards/catalogue.py), and walks through its clauses. */

import { sha256Of } from './operation';
import { canonicalText, type Value } from './plain-json';
import type { CatalogueName } from './record';

export interface Wording {
  readonly en: string;
  readonly de: string;
}

export interface Question {
  readonly id: string;
  readonly text: Wording;
  readonly look_for: Wording;
  readonly ask: Wording;
}

export interface Clause {
  readonly criterion: string;
  readonly number: string;
  readonly title: Wording;
  readonly level: number;
  readonly auditable: boolean;
  readonly parent: string | null;
  readonly questions: readonly Question[];
}

export interface Standard {
  readonly id: string;
  readonly standard: string;
  readonly edition: string;
  readonly title: Wording;
  readonly status: string;
  readonly amendments: readonly string[];
  readonly exclusion: {
    readonly rule: 'justified_exclusion' | 'statement_of_applicability' | 'warning';
    readonly recorded_in: string | null;
    readonly message: Wording;
  };
  readonly clauses: readonly Clause[];
}

/**
 * What of an edition a record rests on: its name, and its clauses in their order with titles. Questions are left out: to ask better
 * ones changes no record. server/standards/catalogue.py takes the same; schemas/vectors/catalogue proves it.
 */
export function catalogueTree({ id, standard, edition, title, amendments, clauses }: Standard): Value {
  const listed = clauses.map(({ criterion, number, title, level, auditable, parent }) => {
    return { criterion, number, title, level, auditable, parent };
  });
  return { id, standard, edition, title, amendments, clauses: listed } as unknown as Value;
}

/** Of every edition that an audit is held against the hash of its catalogue as it lies here; null where it is not on this tablet. */
export function cataloguesOf(criteria: readonly string[], catalogue: readonly Standard[]): CatalogueName[] {
  return criteria.map((id) => {
    const found = catalogue.find((standard) => standard.id === id);
    return { standard: id, sha256: found === undefined ? null : sha256Of(canonicalText(catalogueTree(found))) };
  });
}

/** The editions that an audit is held against, in the audit's order. Those that are not on this tablet are left out. */
export function standardsOf(criteria: readonly string[], catalogue: readonly Standard[]): Standard[] {
  return criteria.flatMap((id) => catalogue.find((standard) => standard.id === id) ?? []);
}

/** Every auditable criterion in the order of the standards: what a plan covers and a matrix counts. */
export function auditableCriteria(standards: readonly Standard[]): string[] {
  return standards.flatMap((standard) =>
    standard.clauses.filter((clause) => clause.auditable).map((clause) => clause.criterion),
  );
}
