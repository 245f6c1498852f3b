/** Hash, checksum and length of a file that passes by in parts. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { crc32 } from './zip';

export class EvidenceCheck {
  readonly #hash = nobleSha256.create();
  crc = 0;
  size = 0;

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.crc = crc32(bytes, this.crc);
    this.size += bytes.length;
  }

  /** To be asked once, at the end. */
  fits(sha256: string, size: number): boolean {
    return this.size === size && bytesToHex(this.#hash.digest()) === sha256;
  }
}
