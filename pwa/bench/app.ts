/**
 * A tablet in a browser, with the app's own code and a real IndexedDB, told from outside what to do. Run by `make bench`
 * (tests/bench/tablets.py), which opens one page a tablet at the server's own address.
 */
import { ApiClient } from '../src/api/client';
import type { Change } from '../src/store/changes';
import { commit } from '../src/store/commit';
import { AuditbookDatabase, installationOf, setUpAccount } from '../src/store/database';
import { newId } from '../src/store/device';
import { deviceKey } from '../src/store/keys';
import { readLog } from '../src/store/queries';
import { pullAudit } from '../src/sync/pull';
import { BatchSize, pushAudit } from '../src/sync/push';
import { beginning, shown, taken, written, type Person, type Step } from './workload';

const api = new ApiClient();
let db: AuditbookDatabase;

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const bench = {
  async arrive(email: string, password: string): Promise<Person> {
    const session = taken(await api.signIn(email, password));
    db = new AuditbookDatabase(session.account);
    await db.open();
    await setUpAccount(db, newId(), newId());
    const id = await installationOf(db);
    const key = await deviceKey(db, id);
    taken(await api.enrol({ id, name: 'Tablet', public_key: key?.public_key ?? null }));
    return { account: session.account, name: session.name, workspace: session.workspaces[0]!.id };
  },

  async begin(audit: string, lead: Person, others: readonly Person[]): Promise<void> {
    await commit(db, audit, beginning(audit, lead, others));
    await pushAudit(db, api, audit, new BatchSize());
  },

  /** Milliseconds of each tap until it was kept. */
  async record(audit: string, steps: readonly Step[], tablet: number): Promise<number[]> {
    const taps: Change[][] = written(steps).flatMap((one) => (one.tablet === tablet ? [one.changes] : []));
    const took: number[] = [];
    for (const changes of taps) took.push(await milliseconds(() => commit(db, audit, changes)));
    return took;
  },

  push: (audit: string) => milliseconds(() => pushAudit(db, api, audit, new BatchSize())),
  pull: (audit: string) => milliseconds(() => pullAudit(db, api, audit)),

  async shown(audit: string): Promise<string> {
    return shown(await readLog(db, audit));
  },
};

Object.assign(globalThis, { bench });
