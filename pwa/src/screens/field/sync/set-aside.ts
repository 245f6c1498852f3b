/** What was set aside in the words of whoever decides about it: by author and reason, and whether a decision can change anything. */
import { isShown } from '../../../domain/fold';
import { BORN, entityIdOf, entityKindOf } from '../../../domain/operation';
import { say, t } from '../../../i18n';
import { authorName } from '../../../store/queries';
import type { SetAside } from '../../../store/set-aside';
import { fieldWords, valueWords, whatWords } from '../disputes/dispute-words';
import type { OpenAudit } from '../open-audit.svelte';

/** Who may not write here, or wrote twice: a person can say that it counts. What else is wrong no decision mends. */
const TO_BE_DECIDED: readonly string[] = [
  'audit.not_assigned',
  'operation.not_permitted',
  'account.installation_revoked',
  'chain.forked',
  'chain.prev_mismatch',
];

const NAMES: readonly string[] = ['title', 'name', 'text'];

/** What was written about one thing, to be decided together. */
export interface SetAsideThing {
  readonly key: string;
  /** "Finding 03", "Judgement 7.1.5.1", "Finding: Drum without a label". */
  readonly subject: string;
  /** "Grade: Minor nonconformity". */
  readonly lines: readonly string[];
  /** When the last of it was written. */
  readonly at: number | null;
  readonly entries: readonly SetAside[];
}

export interface SetAsideGroup {
  readonly key: string;
  readonly author: string;
  /** Why, in a sentence. */
  readonly sentence: string;
  /** What helps, where no decision does. */
  readonly advice: string | null;
  readonly things: readonly SetAsideThing[];
  readonly entries: readonly SetAside[];
}

export function groupsOf(audit: OpenAudit, entries: readonly SetAside[]): SetAsideGroup[] {
  return grouped(entries, ({ account, code }) => `${account ?? ''} ${code}`).map(([key, some]) => {
    const { account, code, facts } = some[0]!;
    const spoken = Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, String(fact)]));
    return {
      key,
      author: account === null ? t('set_aside.unreadable') : authorName(audit.view, account),
      sentence: say('refusal', code, spoken),
      advice: TO_BE_DECIDED.includes(code) ? null : say('set_aside.advice', code, {}, t('set_aside.advice.other')),
      things: grouped(some, ({ ent, digest }) => ent ?? digest).map(([thing, of]) => thingOf(audit, thing, of)),
      entries: some,
    };
  });
}

function thingOf(audit: OpenAudit, key: string, entries: readonly SetAside[]): SetAsideThing {
  const said = entries.filter(({ fld }) => fld !== null && fld !== BORN);
  const title = said.findLast(({ fld }) => NAMES.includes(fld!));
  const isNew = said.some(({ ent }) => !isShown(audit.view.entity(ent!)));
  const isNamedByTitle = title !== undefined && isNew;
  return {
    key,
    subject: subjectOf(audit, entries[0]!.ent, isNamedByTitle ? String(title.value ?? '') : ''),
    lines: said
      // In something new, what is empty was not said.
      .filter(
        (entry) => !(isNamedByTitle && entry === title) && !(isNew && !entry.isErased && (entry.value ?? '') === ''),
      )
      .map(({ ent, fld, value, isErased }) => {
        const field = fieldWords({ ref: ent!, field: fld! });
        const words = isErased ? t('erased.value') : valueWords(audit, { field: fld! }, value);
        return t('set_aside.line', { field, value: words });
      }),
    at: entries.at(-1)!.at,
    entries,
  };
}

/** What is not shown as a whole has neither number nor name in the view: a judgement is known by its id, the rest by its own words. */
function subjectOf(audit: OpenAudit, ref: string | null, title: string): string {
  if (ref === null) return t('set_aside.unreadable_entry');
  const kind = entityKindOf(ref);
  if (kind === 'judgement')
    return `${say('dispute.kind', kind)} ${audit.clauseName(entityIdOf(ref).split('~')[0] ?? '')}`;
  if (isShown(audit.view.entity(ref))) return whatWords(audit, ref);
  const name = say('dispute.kind', kind, {}, kind);
  return title ? t('set_aside.named', { kind: name, title }) : name;
}

function grouped(entries: readonly SetAside[], keyOf: (entry: SetAside) => string): [string, SetAside[]][] {
  const groups = new Map<string, SetAside[]>();
  for (const entry of entries) groups.set(keyOf(entry), [...(groups.get(keyOf(entry)) ?? []), entry]);
  return [...groups];
}
