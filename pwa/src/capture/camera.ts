/**
 * The camera inside the app: a live picture, and a still from it that is encoded once and hashed as it left the shutter.
 *
 * The file input stays as the other way in (`system_camera`, `file`); which way it was is recorded, never read from the file.
 */
import type { EvidenceSource } from '../domain/vocabulary';

export interface Shot {
  readonly bytes: ArrayBuffer;
  readonly mediaType: string;
  readonly source: EvidenceSource;
}

export type CameraProblem = 'camera.denied' | 'camera.none' | 'camera.busy' | 'camera.failed';

/** Why there is no live picture. The file input still works. */
export class NoCamera extends Error {
  readonly code: CameraProblem;

  constructor(code: CameraProblem, cause?: unknown) {
    super(code, { cause });
    this.name = 'NoCamera';
    this.code = code;
  }
}

export interface Camera {
  /** For `video.srcObject`. */
  readonly stream: MediaStream;
  /** The shutter. `video` shows the stream; it is needed where the browser has no still camera of its own. */
  takePhoto(video: HTMLVideoElement): Promise<Shot>;
  close(): void;
}

/** Experimental in most engines, and missing from TypeScript's DOM. */
interface StillCamera {
  takePhoto(): Promise<Blob>;
}
type StillCameraMaker = new (track: MediaStreamTrack) => StillCamera;

const FRAME_QUALITY = 0.92;

/** `environment` looks away from the person, `user` at them. */
export async function openCamera(
  facing: 'environment' | 'user' = 'environment',
  size: Pick<MediaTrackConstraints, 'width' | 'height'> = { width: { ideal: 4096 }, height: { ideal: 3072 } },
): Promise<Camera> {
  if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera('camera.none');
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: facing }, ...size },
      audio: false,
    });
  } catch (problem) {
    throw new NoCamera(problemOf(problem), problem);
  }
  const track = stream.getVideoTracks()[0];
  return {
    stream,
    takePhoto: async (video) => (track && (await stillOf(track))) ?? frameOf(video),
    close: () => stream.getTracks().forEach((other) => other.stop()),
  };
}

export interface Zoom {
  readonly least: number;
  readonly most: number;
  readonly step: number;
}

/** How far this camera zooms by itself; undefined where it or the browser cannot, or only pretends to. */
export function zoomOf(track: MediaStreamTrack | undefined): Zoom | undefined {
  const { zoom } = (track?.getCapabilities?.() ?? {}) as { zoom?: { min?: number; max?: number; step?: number } };
  if (zoom?.min === undefined || zoom.max === undefined || zoom.max <= zoom.min) return undefined;
  return { least: zoom.min, most: zoom.max, step: zoom.step || 0.1 };
}

/** Throws where the camera refuses. */
export async function zoomCamera(track: MediaStreamTrack, times: number): Promise<void> {
  await track.applyConstraints({ advanced: [{ zoom: times } as MediaTrackConstraintSet] });
}

/** Whether this camera has a lamp that the browser can switch. */
export function hasTorch(track: MediaStreamTrack | undefined): boolean {
  return track !== undefined && 'torch' in (track.getCapabilities?.() ?? {});
}

/** False where the lamp refuses. */
export async function lightTorch(track: MediaStreamTrack | undefined, isLit: boolean): Promise<boolean> {
  if (track === undefined) return false;
  try {
    await track.applyConstraints({ advanced: [{ torch: isLit } as MediaTrackConstraintSet] });
    return true;
  } catch {
    return false;
  }
}

/** A still at the sensor's own size; undefined where the browser or this camera cannot. */
async function stillOf(track: MediaStreamTrack): Promise<Shot | undefined> {
  const Maker = (globalThis as { ImageCapture?: StillCameraMaker }).ImageCapture;
  if (Maker === undefined || track.readyState !== 'live') return undefined;
  try {
    const photo = await new Maker(track).takePhoto();
    const bytes = await photo.arrayBuffer();
    if (bytes.byteLength === 0) return undefined;
    return { bytes, mediaType: photo.type || 'image/jpeg', source: 'camera_still' };
  } catch {
    return undefined;
  }
}

async function frameOf(video: HTMLVideoElement): Promise<Shot> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  if (context === null || canvas.width === 0) throw new NoCamera('camera.failed');
  context.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', FRAME_QUALITY));
  if (blob === null || blob.size === 0) throw new NoCamera('camera.failed');
  return { bytes: await blob.arrayBuffer(), mediaType: 'image/jpeg', source: 'camera_frame' };
}

function problemOf(problem: unknown): CameraProblem {
  switch ((problem as { name?: string } | null)?.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'camera.denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'camera.none';
    case 'NotReadableError':
    case 'AbortError':
      return 'camera.busy';
    default:
      return 'camera.failed';
  }
}
