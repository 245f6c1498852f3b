/** Who is at work on this tablet, and the database in which that work lies. Made by sync/session.ts, taken by every command. */
import type { Schemas } from '../domain/vocabulary';
import type { AuditbookDatabase } from './database';

export interface Session {
  readonly account: string;
  readonly name: string;
  readonly email: string;
  readonly language: string;
  /** As it was at the start; what is written names the one in the database, which a forked tablet changes. */
  readonly installation: string;
  readonly workspaces: readonly Schemas['Workspace'][];
  readonly database: AuditbookDatabase;
}
