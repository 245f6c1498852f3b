/**
 * The one seam through which the body of every stored row passes. Indexes hold ids only; whatever a person wrote is a body.
 *
 * Now a body is stored as it is, with a tag that says so. Encryption at rest plugs in here as another tag: rows written before
 * stay readable. It has to be synchronous, since an IndexedDB transaction ends while a promise is awaited.
 */

const PLAIN = 0;

export interface Body<T = unknown> {
  readonly codec: number;
  readonly value: T;
}

export function encode<T>(value: T): Body<T> {
  return { codec: PLAIN, value };
}

export function decode<T>(body: Body<T>): T {
  if (body.codec !== PLAIN) throw new TypeError(`a body of codec ${body.codec} was written by a newer app`);
  return body.value;
}
