/**
 * One voice note, from the tap on "Record" until it is kept. However it ends, and before anything else is said, what was spoken up to
 * then is kept: the parts lie on the tablet as they come, and become evidence when it is over.
 */
import {
  closeStream,
  NoMicrophone,
  openMicrophone,
  record,
  Stopwatch,
  type Microphone,
  type MicrophoneProblem,
} from '../../../capture/microphone';
import {
  beginVoiceNote,
  holdRecording,
  type VoiceAbout,
  type VoiceBegun,
  type VoiceEnded,
} from '../../../commands/voice';
import { isRefusal } from '../../../domain/refusal';
import { appendToRecording } from '../../../store/recordings';
import { sentenceFor } from '../saving.svelte';
import type { Session } from '../../../commands/session';

/** A dictation is a few minutes. What runs on was forgotten, and hears what nobody said yes to. */
export const LONGEST_MS = 15 * 60_000;
const TICK_MS = 150;

/** Why it ended without anybody's saying so. */
export type Broken = 'hidden' | 'lost' | 'full' | 'longest';

export interface Given {
  readonly session: Session;
  readonly audit: string;
  readonly type: string;
  readonly about: () => VoiceAbout;
  /** Makes evidence of it; false where that did not work, and then it is asked again. */
  readonly keep: (begun: VoiceBegun, ended: VoiceEnded) => Promise<boolean>;
}

export class Dictating {
  state: 'idle' | 'asking' | 'recording' | 'paused' | 'keeping' | 'not_kept' = $state('idle');
  elapsed = $state(0);
  /** How loud it is, 0 to 1. */
  level = $state(0);
  /** Why there is no microphone. */
  missing: MicrophoneProblem | null = $state(null);
  broken: Broken | null = $state(null);
  /** Why it could not even begin, in a sentence. */
  problem = $state('');

  readonly #given: Given;
  #isGone = false;
  #microphone: Microphone | null = null;
  #watch = new Stopwatch();
  #begun: VoiceBegun | null = null;
  #ended: VoiceEnded | null = null;
  #parts: ArrayBuffer[] = [];
  #writing: Promise<void> = Promise.resolve();
  #over: () => void = () => undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #awake: Promise<WakeLockSentinel | null> | undefined;

  constructor(given: Given) {
    this.#given = given;
  }

  get isOn(): boolean {
    return this.state === 'recording' || this.state === 'paused';
  }

  async begin(): Promise<void> {
    if (this.state !== 'idle') return;
    this.state = 'asking';
    this.missing = this.broken = null;
    this.problem = '';
    let stream: MediaStream | null = null;
    try {
      stream = await openMicrophone();
      if (this.#isGone) throw new NoMicrophone('failed');
      const { session, audit, type, about } = this.#given;
      const begun = await beginVoiceNote(session, audit, type.split(';')[0]!, about());
      if (isRefusal(begun)) throw begun;
      this.#start(begun, stream);
    } catch (problem) {
      if (stream !== null) closeStream(stream);
      this.state = 'idle';
      if (problem instanceof NoMicrophone) this.missing = problem.code;
      else this.problem = sentenceFor(problem);
    }
  }

  #start(begun: VoiceBegun, stream: MediaStream): void {
    this.#begun = begun;
    this.#ended = null;
    this.#parts = [];
    this.#watch = new Stopwatch();
    let index = 0;
    this.#microphone = record(stream, this.#given.type, {
      part: (part) => {
        this.#write(begun, part, index, this.#watch.elapsed(performance.now()));
        index += 1;
      },
      lost: () => void this.end('lost'),
    });
    holdRecording(begun.id, new Promise<void>((resolve) => (this.#over = resolve)));
    this.#watch.go(performance.now());
    this.state = 'recording';
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#awake = keepAwake();
    if (this.#isGone) void this.end();
  }

  /** One after the other, and each in memory too: a tablet that is full still has what was said while this page lives. */
  #write(begun: VoiceBegun, part: Blob, index: number, length: number): void {
    this.#writing = this.#writing.then(async () => {
      const bytes = await part.arrayBuffer();
      this.#parts.push(bytes);
      if (this.broken === 'full') return;
      try {
        await appendToRecording(this.#given.session.database, begun.id, index, bytes, length);
      } catch {
        void this.end('full');
      }
    });
  }

  #tick(): void {
    this.elapsed = this.#watch.elapsed(performance.now());
    this.level = this.state === 'recording' ? (this.#microphone?.level() ?? 0) : 0;
    if (this.elapsed >= LONGEST_MS) void this.end('longest');
  }

  pause(): void {
    if (this.state !== 'recording') return;
    this.#microphone?.pause();
    this.#watch.pause(performance.now());
    this.state = 'paused';
    this.#tick();
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.#microphone?.resume();
    this.#watch.go(performance.now());
    this.state = 'recording';
  }

  /** The person stopped it, or what `broken` says. */
  async end(broken: Broken | null = null): Promise<void> {
    if (!this.isOn || this.#begun === null) return;
    this.broken = broken;
    this.#watch.pause(performance.now());
    this.#tick();
    clearInterval(this.#ticking);
    this.state = 'keeping';
    const end = broken === null ? 'stopped' : 'interrupted';
    await this.#microphone?.stop();
    await this.#writing;
    this.#ended = { parts: this.#parts, length: this.#watch.elapsed(performance.now()), end };
    void this.#awake?.then((lock) => lock?.release()).catch(() => undefined);
    await this.keepAgain();
  }

  /** Once more what could not be kept. */
  async keepAgain(): Promise<void> {
    if (this.#begun === null || this.#ended === null) return;
    this.state = 'keeping';
    if (!(await this.#given.keep(this.#begun, this.#ended))) {
      this.state = 'not_kept';
      if (this.#isGone) this.#over();
      return;
    }
    this.#over();
    this.#begun = this.#ended = null;
    this.#parts = [];
    this.elapsed = 0;
    this.state = 'idle';
  }

  /** The screen that shows it goes: what was said is kept all the same, or found at the next start. */
  leave(): void {
    this.#isGone = true;
    if (this.state === 'not_kept') this.#over();
    void this.end();
  }
}

/** The screen stays on while somebody speaks; a browser that cannot do that ends the note when it goes off. */
function keepAwake(): Promise<WakeLockSentinel | null> {
  const lock = (navigator as Partial<Navigator>).wakeLock;
  return lock === undefined ? Promise.resolve(null) : lock.request('screen').catch(() => null);
}
