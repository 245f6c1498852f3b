/**
 * What the server signs about an audit's log: up to which number it went, and what the running hash was there. With it a tablet
 * can hand the log back to a server that was restored from a backup. schemas/vectors/receipt holds both languages together.
 */

/** What a receipt is about. */
export interface LogPoint {
  readonly audit: string;
  readonly epoch: string;
  readonly seq: number;
  readonly hash: string;
}

/** The text that is signed. Its first line says what for, so that no other signature passes for one. */
export function receiptStatement({ audit, epoch, seq, hash }: LogPoint, at: string): string {
  return `auditbook-log-receipt-v1\n${audit}\n${epoch}\n${seq}\n${hash}\n${at}\n`;
}
