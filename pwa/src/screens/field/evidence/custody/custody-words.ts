/** The steps of a chain of custody in the words of a reader: what the log tells, and what the server alone knows, in one order. */
import type { Step } from '../../../../domain/chain-of-custody';
import type { Value } from '../../../../domain/plain-json';
import type { Schemas } from '../../../../domain/vocabulary';
import { degreesOf } from '../../../../capture/position';
import { formatBytes, formatDateTime, formatDuration, formatList, formatNumber, say, t } from '../../../../i18n';
import type { IconName } from '../../../../look/icons';
import type { MadeHere } from '../../../../store/chain-of-custody';
import { authorName } from '../../../../store/queries';
import { isOff } from '../../../../store/server-clock';
import { fieldWords, valueWords } from '../../disputes/dispute-words';
import { labelOf } from '../evidence-words';
import type { OpenAudit } from '../../open-audit.svelte';

export interface ShownStep {
  readonly key: string;
  readonly icon: IconName;
  readonly title: string;
  readonly lines: readonly string[];
  readonly order: number;
  /** By the clock of whoever did it, in milliseconds since 1970; null where nobody wrote it down. */
  readonly at: number | null;
  /** By the server's clock, where it came there later. */
  readonly receivedAt: number | null;
  /** A tablet's own clock says when, or the server's. */
  readonly isServers: boolean;
  readonly who: string;
  readonly device: string;
  readonly hash: { readonly name: string; readonly sha256: string } | null;
  /** Of the entry in the log. */
  readonly digest: string | null;
  /** Why it is not simply so: disputed, set aside, erased. */
  readonly marks: readonly string[];
  readonly isStruck: boolean;
}

export interface Reader {
  readonly audit: OpenAudit;
  readonly evidence: string;
  /** Of this tablet. */
  readonly installation: string | null;
  /** How accounts are called that are in no team, as the server says. */
  readonly names: Readonly<Record<string, string>>;
}

const ICONS: Readonly<Record<Step['kind'], IconName>> = {
  captured: 'camera',
  hashed: 'lock',
  filed: 'attach',
  unfiled: 'undo',
  filed_again: 'attach',
  captioned: 'text',
  changed: 'note',
  annotated: 'pen',
  shows_again: 'camera',
  shown_again: 'camera',
  picked: 'check',
  unpicked: 'undo',
  removed: 'remove',
  restored: 'redo',
  sealed: 'sign',
  reported: 'document',
  withdrawn: 'remove',
};

export function shownStep(reader: Reader, step: Step): ShownStep {
  const { audit } = reader;
  return {
    key: step.key,
    icon: iconOf(step),
    title: titleOf(reader, step),
    lines: step.erased !== null && step.kind !== 'reported' && step.kind !== 'sealed' ? [] : linesOf(audit, step),
    order: step.order,
    at: step.at,
    receivedAt: step.receivedAt,
    isServers: step.isServers,
    who: step.kind === 'hashed' ? '' : nameOf(reader, step.account),
    device: deviceOf(reader, step),
    hash: step.sha256 === null ? null : { name: hashName(step), sha256: step.sha256 },
    digest: step.digest,
    marks: marksOf(reader, step),
    isStruck: step.setAside !== null,
  };
}

function iconOf({ kind, facts }: Step): IconName {
  if (kind === 'captured' && facts['sha256'] === null) return 'note';
  if (kind === 'annotated' && Number(facts['covered']) > 0) return 'cover';
  return ICONS[kind];
}

function nameOf({ audit, names }: Reader, account: string): string {
  if (account === 'server') return t('custody.the_server');
  const name = authorName(audit.view, account);
  return name === account ? (names[account] ?? t('finding.somebody')) : name;
}

function deviceOf({ installation }: Reader, step: Step): string {
  if (step.installation === null || step.isServers) return '';
  const device =
    step.installation === installation
      ? t('custody.this_tablet')
      : t('custody.other_tablet', { id: step.installation.slice(-8) });
  return step.app === null ? device : t('custody.with_app', { device, version: step.app });
}

function titleOf(reader: Reader, step: Step): string {
  const { audit } = reader;
  const { kind, facts } = step;
  switch (kind) {
    case 'captured':
      return facts['sha256'] === null ? t('custody.step.told') : t('custody.step.captured');
    case 'hashed':
      return t('custody.step.hashed');
    case 'filed':
    case 'unfiled':
    case 'filed_again':
      return t(`custody.step.${kind}`, { where: whereOf(audit, facts) });
    case 'captioned':
      return facts['caption'] || step.erased ? t('custody.step.captioned') : t('custody.step.uncaptioned');
    case 'changed':
      return t('custody.step.changed');
    case 'annotated':
      return t(Number(facts['covered']) > 0 ? 'custody.step.covered' : 'custody.step.annotated', {
        version: String(facts['version']),
      });
    case 'shows_again':
    case 'shown_again':
      return t(`custody.step.${kind}`, { label: pieceName(audit, facts['evidence']) });
    case 'sealed':
      return facts['record'] === 'closing_record'
        ? t('custody.step.sealed_closing')
        : t('custody.step.sealed_report', { revision: String(facts['revision'] ?? '–') });
    case 'reported':
      return t('custody.step.reported', { revision: String(facts['revision'] ?? '–') });
    default:
      return t(`custody.step.${kind}`);
  }
}

function whereOf(audit: OpenAudit, { finding, criterion }: Step['facts']): string {
  if (typeof finding === 'string') {
    const number = audit.numbers.get(finding);
    return number === undefined ? t('custody.removed_finding') : t('finding.numbered', { number });
  }
  if (typeof criterion !== 'string') return '–';
  const clause = audit.clause(criterion);
  return [audit.clauseName(criterion), clause && audit.titleOf(clause)].filter(Boolean).join(' ');
}

function pieceName(audit: OpenAudit, evidence: Value | undefined): string {
  const item = audit.evidence.find(({ id }) => id === evidence);
  return item === undefined ? t('custody.another_piece') : labelOf(item);
}

function linesOf(audit: OpenAudit, step: Step): string[] {
  const { kind, facts } = step;
  if (kind === 'captured') return momentLines(audit, facts);
  if (kind === 'hashed') return [fileLine(facts)].filter(Boolean);
  if (kind === 'captioned' && facts['caption']) return [t('custody.quoted', { text: String(facts['caption']) })];
  if (kind === 'withdrawn' && facts['reason']) return [t('custody.reason', { reason: String(facts['reason']) })];
  if (kind === 'annotated') return drawnLines(facts);
  if (kind === 'changed') return changeLines(audit, facts);
  if (kind === 'sealed' || kind === 'reported') {
    if (step.erased !== null) return [t('custody.record_erased')];
    const where =
      facts['record'] === 'closing_record' ? 'in_record' : facts['is_picture'] ? 'as_picture' : 'in_register';
    const state = kind === 'reported' ? say('custody.report_state', String(facts['state'])) : '';
    return [t(`custody.${where}`), state].filter(Boolean);
  }
  return [];
}

type Position = Parameters<typeof degreesOf>[0] & { accuracy: number };

/** What the app said of the moment: from where the bytes came, how far the clock was off, where it was, who allowed it. */
function momentLines(audit: OpenAudit, facts: Step['facts']): string[] {
  const lines: string[] = [];
  const text = (name: string) => (typeof facts[name] === 'string' && facts[name] !== '' ? facts[name] : null);
  if (text('source')) lines.push(say('custody.source', text('source')!));
  const clock = facts['clock'] as { skew?: unknown; compared_at?: unknown } | null | undefined;
  if (typeof clock?.skew === 'number' && typeof clock.compared_at === 'string') {
    const at = formatDateTime(clock.compared_at);
    const by = formatDuration(Math.abs(clock.skew));
    if (!isOff(clock.skew)) lines.push(t('custody.clock_right', { at }));
    else lines.push(t(clock.skew > 0 ? 'evidence.clock.behind' : 'evidence.clock.ahead', { by, at }));
  } else lines.push(t('custody.clock_unknown'));
  const position = facts['position'] as Position | null | undefined;
  if (typeof position?.latitude === 'number' && typeof position.accuracy === 'number') {
    lines.push(t('position.of', { where: degreesOf(position), metres: position.accuracy }));
  }
  if (text('observed_at')) lines.push(t('custody.observed', { at: formatDateTime(text('observed_at')!) }));
  const place = (['process', 'shift', 'area', 'site'] as const).map((kind) => audit.nameOf(kind, text(kind)));
  if (place.some(Boolean)) lines.push(place.filter(Boolean).join(' · '));
  for (const field of [
    'title',
    'identifier',
    'revision',
    'found_in',
    'interviewee',
    'samples',
    'population',
    'method',
  ]) {
    const value = facts[field] ?? null;
    if (value !== null && value !== '')
      lines.push(...changeLines(audit, { said: [{ field, value, is_erased: false }] }));
  }
  if (text('allowed_by')) lines.push(`${t('evidence.allowed_by')}: ${text('allowed_by')}`);
  return lines;
}

function fileLine(facts: Step['facts']): string {
  const size = typeof facts['size'] === 'number' ? formatBytes(facts['size']) : '';
  return [facts['media_type'], size, facts['file_name']].filter((one) => typeof one === 'string' && one).join(' · ');
}

function drawnLines(facts: Step['facts']): string[] {
  const [shapes, covered] = [Number(facts['shapes']), Number(facts['covered'])];
  if (shapes === 0) return [t('custody.nothing_drawn')];
  return [t('custody.shapes', { count: shapes }), covered > 0 ? t('custody.covers', { count: covered }) : ''].filter(
    Boolean,
  );
}

function changeLines(audit: OpenAudit, facts: Step['facts']): string[] {
  const said = (facts['said'] ?? []) as unknown as readonly { field: string; value: Value; is_erased: boolean }[];
  return said.map(({ field, value, is_erased: isErased }) =>
    t('set_aside.line', {
      field: fieldWords({ ref: 'evidence/', field }),
      value: isErased ? t('erased.value') : valueWords(audit, { field }, value),
    }),
  );
}

function hashName({ kind }: Step): string {
  const named = { annotated: 'drawing', sealed: 'record', reported: 'report' } as const;
  return t(`custody.hash.${named[kind as keyof typeof named] ?? 'file'}`);
}

function marksOf(reader: Reader, step: Step): string[] {
  const marks: string[] = [];
  if (step.setAside !== null) {
    marks.push(t('custody.set_aside', { why: say('refusal', step.setAside, {}, step.setAside) }));
  }
  if (step.isDisputed) marks.push(t('custody.disputed'));
  if (step.erased !== null) {
    const { at, by, reason } = step.erased;
    const isTold = typeof at === 'string' && typeof by === 'string';
    marks.push(
      isTold
        ? t('custody.erased_by', { time: formatDateTime(at), name: nameOf(reader, by), reason: reason ?? '–' })
        : t('custody.erased'),
    );
  }
  return marks;
}

const OF_THE_SERVER = {
  receivedAt: null,
  isServers: true,
  device: '',
  hash: null,
  digest: null,
  marks: [],
  isStruck: false,
} as const;

/** What the server alone knows, as steps among the others. */
export function serverSteps(reader: Reader, chain: Schemas['ChainOfCustody']): ShownStep[] {
  const at = (instant: string) => ({ order: Date.parse(instant), at: Date.parse(instant) });
  const steps: ShownStep[] = chain.sendings.map((one, index) => ({
    ...OF_THE_SERVER,
    ...at(one.arrived_at),
    key: `sent ${index}`,
    icon: 'send',
    title: t('custody.step.sent'),
    lines: [t('custody.began', { at: formatDateTime(one.began_at) })],
    who: nameOf(reader, one.account),
  }));
  if (chain.stored) {
    steps.push({
      ...OF_THE_SERVER,
      ...at(chain.stored.verified_at),
      key: 'verified',
      icon: 'check',
      title: t('custody.step.verified'),
      lines: [t('custody.verified_text'), t(chain.stored.is_backed_up ? 'custody.backed_up' : 'custody.not_backed_up')],
      who: t('custody.the_server'),
      hash: { name: t('custody.hash.file'), sha256: chain.sha256 },
    });
  }
  for (const one of chain.pictures) {
    steps.push({
      ...OF_THE_SERVER,
      ...at(one.made_at),
      key: `made ${one.sha256} ${one.made_at}`,
      icon: 'document',
      title: t(one.is_drawn_on ? 'custody.step.derived_drawn' : 'custody.step.derived'),
      lines: [madeLine(one.made_from, one.size), t('custody.made_by', { by: formatList(one.made_by) })],
      who: t('custody.the_server'),
      hash: { name: t('custody.hash.picture'), sha256: one.sha256 },
    });
  }
  for (const [index, one] of chain.openings.entries()) {
    steps.push({
      ...OF_THE_SERVER,
      ...at(one.at),
      key: `opened ${index}`,
      icon: 'eye',
      title: t('custody.step.opened'),
      lines: [t('custody.opened_text')],
      who: nameOf(reader, one.account),
      hash: { name: t('custody.hash.file'), sha256: chain.sha256 },
    });
  }
  return steps;
}

/** The small pictures that this tablet made; those of an earlier app stand behind the capture, without a time. */
export function stepsMadeHere(sha256: string, made: readonly MadeHere[], captured: number): ShownStep[] {
  return made.map((one) => ({
    ...OF_THE_SERVER,
    isServers: false,
    key: `here ${one.size}`,
    icon: 'eye',
    title: t(`custody.step.made_${one.size}`),
    lines: [madeLine(sha256, one.bytes)],
    order: one.made?.at ?? captured,
    at: one.made?.at ?? null,
    who: '',
    device: one.made
      ? t('custody.with_app', { device: t('custody.this_tablet'), version: one.made.by })
      : t('custody.this_tablet'),
    hash: { name: t('custody.hash.picture'), sha256: one.sha256 },
  }));
}

function madeLine(from: string, bytes: number): string {
  return t('custody.made_from', { sha256: `${from.slice(0, 12)}…`, size: formatBytes(bytes) });
}

/** In one order; what comes from the log stays in the order in which the log has it. */
export function inOneOrder(told: readonly ShownStep[], others: readonly ShownStep[]): ShownStep[] {
  const steps = [...told];
  for (const one of others.toSorted((first, second) => first.order - second.order)) {
    const later = steps.findIndex(({ order, isStruck }, index) => index >= 2 && !isStruck && order > one.order);
    steps.splice(later < 0 ? steps.length : later, 0, one);
  }
  return steps;
}

export function countWords(steps: readonly ShownStep[]): string {
  return t('custody.count', { count: steps.length, shown: formatNumber(steps.length) });
}
