/** SHA-256 of what the camera gave, before anything else is done with it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The browser's own hash where there is one (a secure context), else the same in JavaScript. */
export async function hashOf(bytes: ArrayBuffer): Promise<string> {
  try {
    return bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  } catch {
    return bytesToHex(sha256(new Uint8Array(bytes)));
  }
}
