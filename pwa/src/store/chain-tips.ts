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

/** Tips of the chains that came along. True when one of our own holds what this tablet never wrote: it has a double. */
export async function advanceChains(
  db: AuditbookDatabase,
  audit: string,
  arrived: readonly PulledLine[],
  strange: ReadonlySet<string>,
): Promise<boolean> {
  const quarantined = await readQuarantine(db, audit);
  const readable = arrived.filter(({ entry }) => entry !== null);
  const names = [...new Set(readable.map(({ entry }) => chainName(entry!.operation.chain)))];
  const tips = new Map<string, ChainRow>();
  for (const row of await db.chains.bulkGet(names)) if (row !== undefined) tips.set(row.chain, row);
  let isForked = false;
  for (const { entry, prev, digest } of readable) {
    const { chain, dseq, hlc } = entry!.operation;
    const name = chainName(chain);
    const tip = tips.get(name);
    if (BESIDE_THE_CHAIN.includes(quarantined.get(digest)?.code ?? '')) {
      // Nor has it a place in the chain that it names: this tablet would send it as its own one day.
      if (strange.has(digest)) await takeOutOfChain(db, audit, digest);
      continue;
    }
    if (tip?.own === 1) {
      if (!strange.has(digest)) continue;
      // It goes on where ours ends: this tablet was restored from an older copy of itself, and continues from there.
      if (dseq === tip.dseq + 1 && prev === tip.digest) tips.set(name, { ...tip, dseq, digest, hlc, pushed: dseq });
      else isForked = true;
    } else if (dseq > (tip?.dseq ?? 0)) {
      tips.set(name, { ...chain, chain: name, dseq, digest, hlc, own: 0, pushed: 0 });
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
async function startNewInstallation(db: AuditbookDatabase): Promise<void> {
  await db.device_state.bulkPut([
    { key: 'forked_installation', value: await installationOf(db) },
    { key: 'installation', value: newId() },
  ]);
}
