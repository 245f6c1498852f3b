/**
 * The key of this installation: ECDSA P-256, made here, unable to leave. It vouches for chain heads and seals.
 *
 * Some browsers say they stored a CryptoKey and give nothing back. So it is read back and tried at once; where that fails the
 * answer is null, everything stays unsigned, and nobody is kept from working.
 */
import { sha256Of } from '../domain/operation';
import type { AuditbookDatabase, KeyRow } from './database';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** The key of this installation, made at the first call; null where the browser cannot keep one. */
export async function deviceKey(db: AuditbookDatabase, installation: string): Promise<KeyRow | null> {
  try {
    const kept = await db.keys.get(installation);
    if (kept !== undefined && (await isUsable(kept))) return kept;
    const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
    const spki = await crypto.subtle.exportKey('spki', pair.publicKey);
    await db.keys.put({ installation, private_key: pair.privateKey, public_key: base64url(new Uint8Array(spki)) });
    const readBack = await db.keys.get(installation);
    return readBack !== undefined && (await isUsable(readBack)) ? readBack : null;
  } catch {
    return null;
  }
}

/** Raw r and s, base64url without padding; null where there is no key. Never inside a transaction: it has to be awaited. */
export async function signText(key: KeyRow | null, text: string): Promise<string | null> {
  if (key === null) return null;
  try {
    const signature = await crypto.subtle.sign(SIGNING, key.private_key, new TextEncoder().encode(text));
    return base64url(new Uint8Array(signature));
  } catch {
    return null;
  }
}

/** Whether a text was signed by the key with this public half. */
export async function isSignedBy(text: string, signature: string, publicKey: string): Promise<boolean> {
  const key = await crypto.subtle.importKey('spki', fromBase64url(publicKey), CURVE, true, ['verify']);
  return crypto.subtle.verify(SIGNING, key, fromBase64url(signature), new TextEncoder().encode(text));
}

/** How receipts name a key: SHA-256 over its public half, in hex. */
export function nameOfKey(publicKey: string): string {
  return sha256Of(fromBase64url(publicKey));
}

async function isUsable(key: KeyRow): Promise<boolean> {
  const signature = await signText(key, 'auditbook-key-check');
  return signature !== null && (await isSignedBy('auditbook-key-check', signature, key.public_key));
}

export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}
