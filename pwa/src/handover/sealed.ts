/**
 * The envelope of the file: age (age-encryption.org/v1) with a passphrase, so that anybody with `age -d` and the passphrase gets at
 * what is inside without us. Loaded when it is needed: the app starts without it.
 */
import { refuse, type Refusal } from '../domain/refusal';
import { HandoverProblem } from './problem';

/**
 * scrypt with N = 2^15: 32 MiB of memory, and a second or two on an old tablet. age's own 18 would want 256 MiB, which a tablet with
 * 2 GB kills the app for; the three bits that it would add are made up by a longer passphrase.
 */
export const WORK_FACTOR = 15;
/** What another program may have chosen: 256 MiB. More would end the app and not the wait. */
const MOST_WORK = 18;
export const LEAST_PASSPHRASE = 12;

/** Blanks around it and the way in which an accent is typed are no part of a passphrase. */
export function normalPassphrase(typed: string): string {
  return typed.trim().normalize('NFC');
}

/** The stream inside the envelope. */
export async function seal(
  content: ReadableStream<Uint8Array>,
  passphrase: string,
  workFactor = WORK_FACTOR,
): Promise<ReadableStream<Uint8Array>> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.setPassphrase(normalPassphrase(passphrase));
  encrypter.setScryptWorkFactor(workFactor);
  return encrypter.encrypt(content);
}

const HEADER =
  /^age-encryption\.org\/v1\n-> scrypt [A-Za-z0-9+/]{22} ([1-9][0-9]?)\n[A-Za-z0-9+/]{43}\n--- [A-Za-z0-9+/]{43}\n/;
const LONGEST_HEADER = 400;

/** A file whose passphrase was right: its content can be read as often as it is wanted, and the key is computed once. */
export interface Unsealed {
  content(): Promise<ReadableStream<Uint8Array>>;
}

/** The key of the file; a refusal where it is no such file, or the passphrase is another one. */
export async function unseal(file: Blob, passphrase: string): Promise<Unsealed | Refusal> {
  const start = new TextDecoder('latin1').decode(await file.slice(0, LONGEST_HEADER).arrayBuffer());
  const header = HEADER.exec(start);
  if (header === null) return refuse('handover.not_a_handover');
  if (Number(header[1]) > MOST_WORK) return refuse('handover.not_a_handover');
  const { Decrypter } = await import('age-encryption');
  const opener = new Decrypter();
  opener.addPassphrase(normalPassphrase(passphrase));
  let fileKey: Uint8Array;
  try {
    fileKey = await opener.decryptHeader(new TextEncoder().encode(header[0]));
  } catch {
    return refuse('handover.wrong_passphrase');
  }
  return {
    async content() {
      const reader = new Decrypter();
      reader.addIdentity({ unwrapFileKey: () => fileKey });
      try {
        return await reader.decrypt(file.stream());
      } catch (cause) {
        throw new HandoverProblem(refuse('handover.damaged'), cause);
      }
    },
  };
}

/** A stream as something to walk over; what breaks it is a damaged file. (Safari before 18 cannot walk over a stream.) */
export async function* partsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      let next: ReadableStreamReadResult<Uint8Array>;
      try {
        next = await reader.read();
      } catch (cause) {
        throw new HandoverProblem(refuse('handover.damaged'), cause);
      }
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
