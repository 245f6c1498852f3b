/** How far each chain goes, as the pulled log tells; and the discovery that this tablet has a double. */
import { BESIDE_THE_CHAIN, type Entry } from '../domain/fold';
import { chainName, installationOf, type AuditbookDatabase, type ChainRow } from './database';
import { newId } from './device';
import { readQuarantine } from './refold';

/** One line of the log as it was pulled. */
export interface PulledLine {
  readonly digest: string;
  readonly entry: Entry | null;
  readonly prev: string | null;
}

/**
 * Tips of the chains that came along. True when this tablet turns out to have a double: the chain that it writes holds what it
 * never wrote, or the server says that what it wrote is a branch.
 */
export async function advanceChains(
  db: AuditbookDatabase,
  audit: string,
  arrived: readonly PulledLine[],
  strange: ReadonlySet<string>,
): Promise<boolean> {
  const quarantined = await readQuarantine(db, audit);
  const readable = arrived.filter(({ entry }) => entry !== null);
  const mine = chainName({ installation: await installationOf(db), account: db.account, audit });
  const names = [...new Set(readable.map(({ entry }) => chainName(entry!.operation.chain)))];
  const tips = new Map<string, ChainRow>();
  for (const row of await db.chains.bulkGet(names)) if (row !== undefined) tips.set(row.chain, row);
  let isForked = false;
  for (const { entry, prev, digest } of readable) {
    const { chain, dseq, hlc } = entry!.operation;
    const name = chainName(chain);
    const tip = tips.get(name);
    const isStrange = strange.has(digest);
    const code = quarantined.get(digest)?.code ?? '';
    if (BESIDE_THE_CHAIN.includes(code)) {
      // Nor has it a place in the chain that it names: this tablet would send it as its own one day.
      if (isStrange) await takeOutOfChain(db, audit, digest);
      else if (name === mine && code === 'chain.forked') isForked = true;
      continue;
    }
    if (tip?.own === 1) {
      if (!isStrange) continue;
      if (dseq === tip.dseq + 1 && prev === tip.digest) {
        // It goes on where ours ends: this tablet was restored from an older copy of itself, and continues from there.
        tips.set(name, { ...tip, dseq, digest, hlc, pushed: dseq });
      } else {
        // Two rows for one number would hide one of them from whoever sends. What this tablet wrote keeps the place.
        await takeOutOfChain(db, audit, digest);
        if (name === mine) isForked = true;
      }
    } else if (dseq > (tip?.dseq ?? 0)) {
      // Under the name of this very tablet it is an audit that was begun after the copy was made.
      const state = name === mine ? { own: 1 as const, pushed: dseq } : { own: 0 as const, pushed: 0 };
      tips.set(name, { ...chain, chain: name, dseq, digest, hlc, ...state });
    }
  }
  await db.chains.bulkPut([...tips.values()]);
  if (isForked) await startNewInstallation(db);
  return isForked;
}

async function takeOutOfChain(db: AuditbookDatabase, audit: string, digest: string): Promise<void> {
  const row = await db.operations.get([audit, digest]);
  if (row === undefined) return;
  const { chain: _, dseq: __, ...rest } = row;
  await db.operations.put(rest);
}

/** From now on this tablet writes chains of its own again; what both wrote stays in the log. */
export async function startNewInstallation(db: AuditbookDatabase): Promise<void> {
  await db.device_state.bulkPut([
    { key: 'forked_installation', value: await installationOf(db) },
    { key: 'installation', value: newId() },
  ]);
}
