/** What people are called, by account: as the team of an audit says, or the office. */
import { decode } from './codec';
import type { AuditbookDatabase } from './database';
import { memberOf, readLog } from './queries';

export async function namesOf(
  db: AuditbookDatabase,
  audit: string,
  accounts: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...accounts];
  if (wanted.length === 0) return new Map();
  const view = await readLog(db, audit);
  const people = (await db.reference.toArray())
    .filter(({ key }) => key.startsWith('people/'))
    .flatMap(({ body }) => decode(body).value as { account: string; name: string }[]);
  const names = new Map(people.map(({ account, name }) => [account, name]));
  for (const account of wanted) {
    const name = memberOf(view, account)?.get('name');
    if (name) names.set(account, name);
  }
  return names;
}
