/**
 * The microphone, for dictation: parts of a second come as they are spoken, so that nothing has to be waited for at the end.
 *
 * Which type the browser records is asked of it. WebM first: what was written of it before the browser died can be played.
 */
const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'] as const;
/** Speech needs no more: a minute is a quarter of a megabyte. */
const BITS_PER_SECOND = 32_000;
export const PART_MS = 1000;

/** The first of the types that this browser can record; null where it can none. */
export function recordedType(isSupported: (type: string) => boolean): string | null {
  return TYPES.find(isSupported) ?? null;
}

/** What this browser records, or null where it cannot, or may not, record at all. */
export function voiceType(): string | null {
  const { MediaRecorder: Recorder } = globalThis as { MediaRecorder?: typeof MediaRecorder };
  const devices = (navigator as Partial<Navigator>).mediaDevices as Partial<MediaDevices> | undefined;
  if (Recorder === undefined || devices?.getUserMedia === undefined) return null;
  return recordedType((type) => Recorder.isTypeSupported(type));
}

export type MicrophoneProblem = 'denied' | 'none' | 'busy' | 'failed';

/** Why nothing can be recorded; `voice.<code>` says it. */
export class NoMicrophone extends Error {
  readonly code: MicrophoneProblem;

  constructor(code: MicrophoneProblem, cause?: unknown) {
    super(code, { cause });
    this.name = 'NoMicrophone';
    this.code = code;
  }
}

export function microphoneProblem(problem: unknown): MicrophoneProblem {
  switch ((problem as { name?: string } | null)?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/** How long somebody spoke, pauses left out. Milliseconds of any clock that never goes back. */
export class Stopwatch {
  #before = 0;
  #since: number | null = null;

  go(now: number): void {
    this.#since ??= now;
  }

  pause(now: number): void {
    this.#before = this.elapsed(now);
    this.#since = null;
  }

  elapsed(now: number): number {
    return this.#before + (this.#since === null ? 0 : Math.max(0, now - this.#since));
  }
}

export interface Heard {
  /** The next part, in order. */
  part(bytes: Blob): void;
  /** The microphone was taken away: a call, another app, a cable. */
  lost(): void;
}

export interface Microphone {
  pause(): void;
  resume(): void;
  /** How loud it is just now, 0 to 1. */
  level(): number;
  /** Resolves when the last part was told. */
  stop(): Promise<void>;
}

export async function openMicrophone(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: { ideal: 1 }, noiseSuppression: true, autoGainControl: true },
    });
  } catch (problem) {
    throw new NoMicrophone(microphoneProblem(problem), problem);
  }
}

/** Records from now on. Throws `NoMicrophone` where the browser then says that it cannot. */
export function record(stream: MediaStream, type: string, heard: Heard): Microphone {
  let recorder: MediaRecorder;
  const meter = meterOf(stream);
  try {
    recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS_PER_SECOND });
    recorder.start(PART_MS);
  } catch (problem) {
    meter.close();
    closeStream(stream);
    throw new NoMicrophone('failed', problem);
  }
  const [track] = stream.getAudioTracks();
  const over = new Promise<void>((resolve) => recorder.addEventListener('stop', () => resolve(), { once: true }));
  const lost = () => heard.lost();
  recorder.addEventListener('dataavailable', ({ data }) => data.size > 0 && heard.part(data));
  recorder.addEventListener('error', lost);
  track?.addEventListener('ended', lost);
  track?.addEventListener('mute', lost);
  return {
    pause: () => recorder.state === 'recording' && recorder.pause(),
    resume: () => recorder.state === 'paused' && recorder.resume(),
    level: meter.level,
    stop: async () => {
      track?.removeEventListener('ended', lost);
      track?.removeEventListener('mute', lost);
      // One whose track has ended has stopped by itself, and says so no more.
      if (recorder.state !== 'inactive') {
        recorder.stop();
        await over;
      }
      meter.close();
      closeStream(stream);
    },
  };
}

export function closeStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Silent where the browser has no such thing: it is there to be looked at, the recording goes on without it. */
function meterOf(stream: MediaStream): { level: () => number; close: () => void } {
  try {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    return {
      level: () => {
        analyser.getByteTimeDomainData(samples);
        return loudness(samples);
      },
      close: () => void context.close().catch(() => undefined),
    };
  } catch {
    return { level: () => 0, close: () => undefined };
  }
}

/** From bytes around 128, as the browser gives them, to 0 for silence and 1 for what is as loud as speech gets. */
export function loudness(samples: Uint8Array): number {
  const square = samples.reduce((sum, sample) => sum + (sample - 128) ** 2, 0) / Math.max(1, samples.length);
  return Math.min(1, Math.sqrt(square) / 40);
}
