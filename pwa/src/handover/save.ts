/**
 * Where the file goes: a place that the person chooses, where the browser can write to one; else it is put together first, and
 * then downloaded or handed to another app.
 */
import { refuse } from '../domain/refusal';
import { HandoverProblem } from './problem';

export interface Target {
  /** Writes the whole stream. What was begun before a failure is taken back. */
  write(stream: ReadableStream<Uint8Array>): Promise<Written>;
}

export interface Written {
  readonly name: string;
  /** The file, where it still has to be put somewhere. */
  readonly file: File | null;
}

interface Picker {
  showSaveFilePicker(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}

/** To be asked at once after the tap: a browser opens its picker only then. Null where the person closed it. */
export async function chooseTarget(name: string): Promise<Target | null> {
  if (!('showSaveFilePicker' in globalThis)) return intoMemory(name);
  let handle: FileSystemFileHandle;
  try {
    handle = await (globalThis as unknown as Picker).showSaveFilePicker({ suggestedName: name });
  } catch (problem) {
    if ((problem as Error).name === 'AbortError') return null;
    return intoMemory(name);
  }
  return {
    async write(stream) {
      // Nothing is at the place before the end: a browser writes beside it and moves it there.
      const place = await handle.createWritable();
      try {
        await stream.pipeTo(place as unknown as WritableStream<Uint8Array>);
      } catch (cause) {
        throw cause instanceof HandoverProblem ? cause : new HandoverProblem(refuse('handover.not_written'), cause);
      }
      return { name: handle.name, file: null };
    },
  };
}

const PART_BYTES = 8 * 1024 * 1024;

/** Parts become Blobs on the way: browsers put those on the disk when there are many. */
function intoMemory(name: string): Target {
  return {
    async write(stream) {
      const blobs: Blob[] = [];
      let parts: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      const reader = (stream as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        parts.push(next.value);
        size += next.value.length;
        if (size < PART_BYTES) continue;
        blobs.push(new Blob(parts));
        [parts, size] = [[], 0];
      }
      return { name, file: new File([...blobs, ...parts], name, { type: 'application/octet-stream' }) };
    },
  };
}

/** `age -d` gives a ZIP; the name says so. It names nobody: a file may lie on somebody else's stick. */
export function fileName(at: Date): string {
  const digits = (value: number): string => String(value).padStart(2, '0');
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(digits).join('');
  return `auditbook-${day}-${digits(at.getHours())}${digits(at.getMinutes())}.zip.age`;
}

export function download(file: File): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = file.name;
  link.click();
  // Not at once: some browsers begin to read only after this.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

export function canShare(file: File): boolean {
  return typeof navigator.canShare === 'function' && navigator.canShare({ files: [file] });
}

/** Whether it was handed on; closing the sheet is no failure. */
export async function share(file: File): Promise<boolean> {
  try {
    await navigator.share({ files: [file] });
    return true;
  } catch {
    return false;
  }
}
