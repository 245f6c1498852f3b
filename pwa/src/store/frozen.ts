/** For tests: a tablet of an earlier version of the app as a file, and how this version's is made. */
import type { EntityKind } from '../domain/vocabulary';
import type { AuditbookDatabase } from './database';
import { base64url, fromBase64url } from './keys';
import { contentOf } from './testing';

export interface OldTablet {
  /** Of the storage: `database.ts` counts it. */
  readonly version: number;
  readonly app: string;
  readonly account: string;
  readonly workspace: string;
  readonly installation: string;
  readonly public_key: string;
  readonly audit: string;
  readonly finding: string;
  readonly stores: Readonly<Record<string, string>>;
  readonly rows: Readonly<Record<string, readonly unknown[]>>;
  readonly shows: readonly {
    readonly kind: EntityKind;
    readonly id: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
  readonly drafts: readonly string[];
  readonly photos: readonly { readonly sha256: string; readonly size: number }[];
  readonly outbox: { readonly operations: number; readonly photos: number };
  /** Requests as this tablet sends them: what had been sent before, and what waits. */
  readonly batches: readonly string[];
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const kindOf = (value: unknown) => Object.prototype.toString.call(value).slice('[object '.length, -1);

export async function freezeRows(db: AuditbookDatabase): Promise<Record<string, unknown>> {
  return (await freeze(await contentOf(db))) as Record<string, unknown>;
}

/** What JSON cannot say becomes an object with one key that begins with `$`. */
async function freeze(value: unknown): Promise<unknown> {
  if (kindOf(value) === 'ArrayBuffer') return { $bytes: base64url(new Uint8Array(value as ArrayBuffer)) };
  if (kindOf(value) === 'CryptoKey') return { $key: await crypto.subtle.exportKey('jwk', value as CryptoKey) };
  if (Array.isArray(value)) return Promise.all(value.map(freeze));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([name, each]) => [name, await freeze(each)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

export async function thaw<T>(value: T): Promise<T> {
  if (Array.isArray(value)) return (await Promise.all(value.map(thaw))) as T;
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return fromBase64url(value.$bytes as string).buffer as T;
  if ('$key' in value)
    return (await crypto.subtle.importKey('jwk', value.$key as JsonWebKey, CURVE, false, ['sign'])) as T;
  const entries = Object.entries(value).map(async ([name, each]) => [name, await thaw(each as unknown)] as const);
  return Object.fromEntries(await Promise.all(entries)) as T;
}

export function storesOf(db: AuditbookDatabase): Record<string, string> {
  return Object.fromEntries(
    db.tables.map(({ name, schema }) => [name, [schema.primKey, ...schema.indexes].map(({ src }) => src).join(', ')]),
  );
}
