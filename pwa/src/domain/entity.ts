/**
 * Which id an entity may have. Where an id is made of what it stands for, no other id may stand for that.
 *
 * The same rule stands in server/domain/entity.py; schemas/vectors/entity holds both together.
 */
import { gradeId } from './finding';
import { judgementId, type JudgementPlace } from './judgement';
import type { Value } from './plain-json';
import { isSpelled } from './spelling';

/** `born` is what the birth says; null for any later operation, whose entity was born under this id or not at all. */
export function fitsId(kind: string, id: string, born: Readonly<Record<string, Value>> | null): boolean {
  if (kind === 'judgement') return born === null || id === judgementId(born as unknown as JudgementPlace);
  if (kind === 'finding_grade')
    return born === null || id === gradeId(String(born['finding']), String(born['standard']));
  // Parts of a judgement's id hold no tilde, so that two places never make one id.
  return isSpelled(kind === 'recommendation' ? 'standard' : 'reference', id);
}
