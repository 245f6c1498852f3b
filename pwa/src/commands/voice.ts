/**
 * Voice notes: the auditor's own dictation. While it is spoken it lies here second by second; when it ends, however it ends, what was said
 * up to then becomes evidence under the id that it began with. So it becomes that once, whoever finds it.
 */
import { joined, beginRecording, dropRecording, readRecorded, readRecordings } from '../store/recordings';
import type { Entities } from '../domain/vocabulary';
import { refuse, type Refusal } from '../domain/refusal';
import { instant, newId } from '../store/device';
import { readEntity } from '../store/queries';
import { addEvidence, type EvidenceAdded, type NewEvidence } from './evidence';
import type { Outcome, Session } from './session';

/** Where, and what for. */
export type VoiceAbout = Pick<
  NewEvidence,
  'process' | 'site' | 'shift' | 'area' | 'position' | 'finding' | 'criterion'
>;

export interface VoiceBegun {
  readonly id: string;
  readonly audit: string;
  readonly captured_at: string;
  readonly media_type: string;
  readonly about: VoiceAbout;
}

export interface VoiceEnded {
  readonly parts: readonly ArrayBuffer[];
  /** Milliseconds that were spoken. */
  readonly length: number;
  readonly end: NonNullable<Entities['evidence']['recording']>['end'];
}

/** Nobody is recorded where the audit does not say that its auditors may dictate. Throws `NotSaved`. */
export async function beginVoiceNote(
  session: Session,
  audit: string,
  mediaType: string,
  about: VoiceAbout,
): Promise<VoiceBegun | Refusal> {
  const facts = await readEntity(session.database, audit, 'audit', audit);
  if (facts?.get('voice_notes') !== true) return refuse('evidence.voice_notes_off');
  const begun = { id: newId(), audit, captured_at: instant(), media_type: mediaType, about };
  await beginRecording(session.database, { ...begun, about: { ...about } });
  return begun;
}

/** It is evidence, whatever the audit says by now: what was said is kept. */
export async function keepVoiceNote(
  session: Session,
  begun: VoiceBegun,
  { parts, length, end }: VoiceEnded,
): Promise<Outcome<EvidenceAdded>> {
  const added = await addEvidence(session, begun.audit, {
    ...begun.about,
    content: joined(parts),
    mediaType: begun.media_type,
    source: 'microphone',
    recording: { length: Math.round(length), end },
    begun: { id: begun.id, at: begun.captured_at },
  });
  if ('code' in added && added.code !== 'evidence.empty') return added;
  await dropRecording(session.database, begun.id).catch(() => undefined);
  return added;
}

/** Runs only where nobody else is at it: in another tab somebody may be speaking. */
export type WhereAlone = (id: string, act: () => Promise<void>) => Promise<void>;

/** What a killed browser left behind becomes a voice note that says so. How many there were. */
export async function recoverRecordings(session: Session, whereAlone: WhereAlone = lockedFor): Promise<number> {
  let found = 0;
  for (const { id } of await readRecordings(session.database)) {
    await whereAlone(id, async () => {
      // Read inside: another tab may have kept it meanwhile.
      const recording = (await readRecordings(session.database)).find((one) => one.id === id);
      if (recording === undefined) return;
      const { audit, captured_at, media_type, length } = recording;
      const about = recording.about as VoiceAbout;
      const isKept = (await readEntity(session.database, audit, 'evidence', id)) !== undefined;
      if (isKept) return dropRecording(session.database, id);
      const parts = [await readRecorded(session.database, id)];
      const added = await keepVoiceNote(
        session,
        { id, audit, captured_at, media_type, about },
        { parts, length, end: 'recovered' },
      );
      if (!('code' in added)) found += 1;
    });
  }
  return found;
}

const lockName = (id: string) => `auditbook:recording:${id}`;

/** Held while it is recorded, until `over` resolves: nobody takes it for one that was left behind. */
export function holdRecording(id: string, over: Promise<unknown>): void {
  void (globalThis.navigator as Partial<Navigator> | undefined)?.locks?.request(lockName(id), () => over);
}

const lockedFor: WhereAlone = async (id, act) => {
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  if (locks === undefined) return act();
  await locks.request(lockName(id), { ifAvailable: true }, (lock) => (lock === null ? undefined : act()));
};
