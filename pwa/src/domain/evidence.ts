/** What evidence is by its kind: whether a file belongs to it, and how it was collected. server/domain/evidence.py says the same. */
import type { EvidenceKind, EvidenceMethod, PhotoPolicy } from './vocabulary';

/** The others are words alone: a document and a record of the client are referenced, and what was heard or seen is told. */
const WITH_FILE: readonly EvidenceKind[] = ['photo', 'file', 'voice_note', 'drawing'];
const USUAL: Readonly<Record<EvidenceKind, EvidenceMethod>> = {
  photo: 'observation',
  file: 'documentation',
  document: 'documentation',
  record: 'documentation',
  interview: 'interview',
  observation: 'observation',
  voice_note: 'observation',
  drawing: 'observation',
};

/** Kinds that are told in words, in the order in which they are offered. */
export const TOLD_KINDS = ['document', 'record', 'interview', 'observation'] as const satisfies readonly EvidenceKind[];
export type ToldKind = (typeof TOLD_KINDS)[number];

export function isTold(kind: string | null | undefined): kind is ToldKind {
  return (TOLD_KINDS as readonly unknown[]).includes(kind);
}

/** How it was collected: what somebody said of it, else what is usual for its kind; null for a kind that is not known here. */
export function methodOf(
  kind: string | null | undefined,
  said: EvidenceMethod | null | undefined,
): EvidenceMethod | null {
  return said || (USUAL[kind as EvidenceKind] ?? null);
}

/** Whether a birth of this kind names a file. */
export function hasFile(kind: string | null | undefined): boolean {
  return WITH_FILE.includes(kind as EvidenceKind);
}

type Said = Readonly<Record<string, unknown>>;

/**
 * What it lacks to be verified by somebody who was not there: at least one of each group, by the names of fields. Empty where
 * it has all.
 */
export function lacksToBeVerified(kind: ToldKind, said: Said): readonly string[] {
  const isSaid = (name: string) => {
    const value = said[name];
    return Array.isArray(value) ? value.length > 0 : typeof value === 'string' && value.trim() !== '';
  };
  return NEEDED[kind].filter((group) => !group.some(isSaid)).map((group) => group[0]!);
}

const NEEDED: Readonly<Record<ToldKind, readonly (readonly string[])[]>> = {
  document: [['title', 'identifier']],
  record: [['samples', 'identifier']],
  interview: [['interviewee'], ['caption']],
  observation: [['caption']],
};

/** Whether photos may be taken: where the area says nothing one asks, and outside every area they may. */
export function photoPolicyIn(
  area: { get(name: 'photo_policy'): PhotoPolicy | null | undefined } | undefined,
): PhotoPolicy {
  return area === undefined ? 'allowed' : (area.get('photo_policy') ?? 'ask');
}
