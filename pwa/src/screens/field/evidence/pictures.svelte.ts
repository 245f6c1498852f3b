/** Thumbnails and views of evidence as addresses for `<img>`: read when first asked for, given back when the audit closes. */
import { SvelteMap } from 'svelte/reactivity';
import type { AuditbookDatabase } from '../../../store/database';
import { readPicture } from '../../../store/queries';

type Size = 'thumbnail' | 'view';

export class Pictures {
  readonly #db: AuditbookDatabase;
  readonly #addresses = new SvelteMap<string, string>();
  readonly #asked = new Set<string>();

  constructor(db: AuditbookDatabase) {
    this.#db = db;
  }

  /** Undefined until it has been read, or where the bytes are on another tablet. `isHere` asks again once they came. */
  address(sha256: string, size: Size, isHere = true): string | undefined {
    const key = `${size}/${sha256}`;
    const known = this.#addresses.get(key);
    if (known === undefined && isHere && !this.#asked.has(key)) {
      this.#asked.add(key);
      // Not while a template is being drawn: a read from the database answers later in any case.
      void this.#read(key, sha256, size);
    }
    return known;
  }

  /** It has just been kept. */
  async again(sha256: string, size: Size): Promise<void> {
    await this.#read(`${size}/${sha256}`, sha256, size);
  }

  close(): void {
    for (const address of this.#addresses.values()) URL.revokeObjectURL(address);
    this.#addresses.clear();
    this.#asked.clear();
  }

  async #read(key: string, sha256: string, size: Size): Promise<void> {
    const picture = await readPicture(this.#db, sha256, size).catch(() => null);
    if (picture) this.#addresses.set(key, URL.createObjectURL(picture));
    else this.#asked.delete(key);
  }
}
